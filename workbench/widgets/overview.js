// Draws the overview: state, sources, coverage, findings. A click or Enter on a row selects it in all views.

const STATES = ["sealed", "read", "assumed", "hole"];
const NUMBERS = [1, 2, 3, 4];

function grid(name, columns, press) {
  const [drawn, body] = table({ role: "grid", "aria-label": name }, columns);
  const rows = () => [...body.children];
  body.addEventListener("click", (event) => press(rows().indexOf(event.target.closest("tr"))));
  body.addEventListener("focusin", (event) => rows().forEach((row) => { row.tabIndex = row === event.target ? 0 : -1; }));
  body.addEventListener("keydown", (event) => {
    const now = rows().indexOf(event.target.closest("tr"));
    const there = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows().length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") press(now);
    else if (there === undefined) return;
    else rows()[Math.max(0, Math.min(there, rows().length - 1))].focus();
    event.preventDefault();
  });
  const fill = (cells, chosen) => {
    const focused = rows().indexOf(document.activeElement);
    body.replaceChildren(...cells.map((each, place) =>
      node("tr", { tabindex: place === 0 ? "0" : "-1", "aria-selected": String(chosen === place) }, ...each)));
    rows()[focused]?.focus();
  };
  return [node("div", { class: "wb-scroll" }, drawn), fill];
}

function sourceCell(text, at, columns) {
  if (columns[at] === "coverage" && STATES.includes(text)) return node("td", {}, node("span", { class: `wb-chip wb-${text}` }, text));
  return node("td", { class: NUMBERS.includes(at) ? "wb-number" : columns[at] === "still kept" ? "wb-what" : "wb-plain" }, text);
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-overview" });
  const [trouble, stopTrouble] = troubleLine(model);
  const state = node("ul", { class: "wb-state", "aria-label": "State of the trace" });
  const columns = model.get("columns");
  const [sources, fillSources] = grid("Sources", columns, (place) => choose("source", place));
  const [findings, fillFindings] = grid("Findings", ["kind", "source", "count", "what"], (place) => choose("finding", place));
  const looking = node("p", { class: "wb-quiet", role: "status" });
  const picture = node("img", { alt: "" });
  const coverage = node("details", { open: "" }, node("summary", {}, "Coverage"), picture);
  const clear = button("Everything again", () => model.send({ kind: "clear" }));
  const [source, paintSource] = sourceLine("The sources in SQL", "");
  const choose = (kind, place) => {
    if (place < 0) return;
    model.send(model.get("chosen") === `${kind} ${place}` ? { kind: "clear" } : { kind, place });
  };
  root.append(trouble, state, node("div", { class: "wb-bar" }, button("Refresh", () => model.send({ kind: "refresh" })), clear),
    sources, coverage, node("h4", {}, "What went wrong"), looking, findings, source);
  el.append(root);
  keepKeys(root);
  root.addEventListener("keydown", (event) => { if (event.key === "Escape") model.send({ kind: "clear" }); });
  const place = (kind) => (model.get("chosen").startsWith(`${kind} `) ? Number(model.get("chosen").split(" ")[1]) : -1);
  const stop = painted(model, ["rows", "state", "picture", "found", "looking", "chosen", "statement"], () => {
    state.replaceChildren(...model.get("state").map((each) => node("li", {}, each)));
    state.hidden = model.get("state").length === 0;
    fillSources(model.get("rows").map((cells) => cells.map((text, at) => sourceCell(text, at, columns))), place("source"));
    sources.hidden = model.get("rows").length === 0;
    const { src, alt } = model.get("picture");
    coverage.hidden = !src;
    if (src && picture.getAttribute("src") !== src) { picture.src = src; picture.alt = alt; }
    fillFindings(model.get("found").map(({ kind, source: from, count, summary }) => [
      node("td", { class: "wb-kind" }, kind), node("td", {}, from), node("td", { class: "wb-number" }, count), node("td", { class: "wb-what" }, summary)]), place("finding"));
    findings.hidden = model.get("found").length === 0;
    looking.textContent = model.get("looking");
    clear.disabled = !model.get("chosen");
    paintSource(model.get("statement"));
  });
  return () => { stop(); stopTrouble(); };
}

export default { render };
