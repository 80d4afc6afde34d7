// Draws the findings panel.

const STATES = ["read", "assumed", "hole"];
const PAYLOAD = "body_start";

function findingRow(cells, columns) {
  return node("tr", { tabindex: "-1", "aria-selected": "false" }, ...cells.map((text, at) => {
    const state = columns[at] === "coverage" && STATES.includes(text) ? ` wb-${text}` : "";
    return node("td", { class: `wb-${columns[at]}` }, state ? node("span", { class: `wb-chip${state}` }, text) : text);
  }));
}

function payload(text) {
  if (text.length <= 80 && !text.includes("\n")) return node("code", {}, text);
  return node("details", {}, node("summary", {}, node("code", {}, text.slice(0, 80) + "…")), node("pre", {}, text));
}

function witnessRow(cells, columns) {
  return node("tr", {}, ...cells.map((text, at) =>
    node("td", {}, columns[at] === PAYLOAD ? payload(text) : text)));
}

function grid(model) {
  const [columns, rows] = [model.get("columns"), model.get("rows")];
  const [drawn, body] = table({ role: "grid", "aria-label": "Findings" }, columns);
  body.append(...rows.map((cells) => findingRow(cells, columns)));
  const select = (place) => {
    model.set("selected", Math.max(0, Math.min(place, rows.length - 1)));
    model.save_changes();
    body.children[model.get("selected")].focus();
  };
  body.addEventListener("click", (event) => select([...body.children].indexOf(event.target.closest("tr"))));
  body.addEventListener("keydown", (event) => {
    const now = model.get("selected");
    const there = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (there === undefined) return;
    event.preventDefault();
    select(there);
  });
  const paint = () => [...body.children].forEach((row, place) => {
    const chosen = place === model.get("selected");
    row.setAttribute("aria-selected", String(chosen));
    row.tabIndex = chosen ? 0 : -1;
  });
  return [node("div", { class: "wb-scroll wb-grid" }, drawn), paint, () => body.children[model.get("selected")]?.focus()];
}

function pager(model) {
  const said = node("span", { "aria-live": "polite" });
  const buttons = [["Previous", -1], ["Next", 1]].map(([name, step]) =>
    button(name, () => model.send({ kind: "page", page: model.get("detail").page + step })));
  const paint = ({ first, total, rows }) => {
    const last = first + rows.length;
    said.textContent = total === 0 ? "no rows" : `rows ${first + 1} to ${last} of ${total}`;
    buttons[0].disabled = first === 0;
    buttons[1].disabled = last >= total;
    buttons.forEach((button) => { button.hidden = rows.length === total; });
  };
  return [node("div", { class: "wb-bar" }, said, ...buttons), paint];
}

function witness(model) {
  const [title, notes] = [node("h4"), node("p", { class: "wb-quiet" })];
  const rows = node("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": "Witness rows" });
  const [pages, paintPages] = pager(model);
  const [source, paintSource] = sourceLine("The same rows in Python", "");
  const proof = node("div", {}, title, notes, rows, pages, source);
  const paint = () => {
    const detail = model.get("detail");
    const awaited = detail.finding !== model.get("selected") && !model.get("trouble");
    drawn.setAttribute("aria-busy", String(awaited));
    if (awaited) return;
    proof.hidden = !detail.rows;
    if (!detail.rows) return;
    title.textContent = `${detail.title[0]} in ${detail.title[1]}: the rows that prove it`;
    notes.textContent = detail.notes.join("; ");
    const [drawnRows, body] = table({}, detail.columns.map((name) => (name === PAYLOAD ? "payload" : name)));
    body.append(...detail.rows.map((cells) => witnessRow(cells, detail.columns)));
    rows.replaceChildren(drawnRows);
    paintPages(detail);
    paintSource(detail.call);
  };
  proof.hidden = true;
  const drawn = node("section", { "aria-label": "Witness", "aria-busy": "false" }, proof);
  return [drawn, paint, () => rows.focus()];
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-findings" });
  el.append(root);
  const remarks = model.get("remarks").map((remark) => node("li", {}, remark));
  const left = node("ul", { class: "wb-quiet", "aria-label": "Not looked for" }, ...remarks);
  if (model.get("rows").length === 0) {
    root.append(node("p", {}, "Nothing found."), left);
    return;
  }
  const [trouble, stopTrouble] = troubleLine(model);
  const [findings, paintFindings, focusFindings] = grid(model);
  const [proof, paintProof, focusProof] = witness(model);
  root.append(findings, ...(remarks.length ? [left] : []), trouble, proof);
  keepKeys(root);
  root.addEventListener("keydown", (event) => {
    const inGrid = findings.contains(event.target);
    if (event.key === "Enter" && inGrid) focusProof();
    else if (event.key === "Escape" && !inGrid) focusFindings();
    else return;
    event.preventDefault();
  });
  const stop = painted(model, ["selected", "detail", "trouble"], () => { paintFindings(); paintProof(); });
  return () => { stop(); stopTrouble(); };
}

export default { render };
