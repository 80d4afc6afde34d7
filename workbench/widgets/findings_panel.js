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
  // To walk over the findings filters nothing; a click or Enter asks for it.
  const choose = () => model.send({ kind: "select", place: model.get("selected") });
  body.addEventListener("click", (event) => {
    select([...body.children].indexOf(event.target.closest("tr")));
    choose();
  });
  body.addEventListener("keydown", (event) => {
    const now = model.get("selected");
    if (event.key === "Enter") choose();
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

function selectionBar(model) {
  const said = node("span", {}, "Its witness is selected in all views.");
  const everything = button("Everything again", () => model.send({ kind: "everything" }));
  const drawn = node("div", { class: "wb-bar", role: "status" }, said, everything);
  return [drawn, () => { drawn.hidden = !model.get("selecting"); }];
}

function apart(model) {
  const ask = button("What sets them apart?", () => model.send({ kind: "contrast" }));
  const rows = node("div", {});
  const [source, paintSource] = sourceLine("The same comparison in Python", "");
  const drawn = node("section", { "aria-label": "What sets them apart" }, node("div", { class: "wb-bar" }, ask), rows, source);
  const paint = () => {
    const found = model.get("apart");
    const isThere = found.finding !== undefined && found.finding === model.get("selected");
    rows.hidden = !isThere;
    source.hidden = !isThere || !found.call;
    if (!isThere) return;
    if (!found.rows) {
      rows.replaceChildren(node("p", {}, "Comparing…"));
      return;
    }
    paintSource(found.call);
    if (found.rows.length === 0) {
      rows.replaceChildren(node("p", {}, `Nothing of the ${found.compared} fields that were compared sets these records apart.`));
      return;
    }
    const [grid, body] = table({ "aria-label": "Fields that differ" }, found.columns);
    body.append(...found.rows.map((cells) => node("tr", {}, ...cells.map((text) => node("td", {}, text)))));
    rows.replaceChildren(node("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": "Fields that differ" }, grid));
  };
  return [drawn, paint];
}

function witness(model) {
  const [title, notes] = [node("h4"), node("p", { class: "wb-quiet" })];
  const rows = node("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": "Witness rows" });
  const [pages, paintPages] = pager(model);
  const [source, paintSource] = sourceLine("The same rows in Python", "");
  const [differing, paintApart] = apart(model);
  const proof = node("div", {}, title, notes, rows, pages, source, differing);
  const paint = () => {
    const detail = model.get("detail");
    paintApart();
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
  const [chosen, paintChosen] = selectionBar(model);
  root.append(findings, chosen, ...(remarks.length ? [left] : []), trouble, proof);
  keepKeys(root);
  root.addEventListener("keydown", (event) => {
    const inGrid = findings.contains(event.target);
    if (event.key === "Enter" && inGrid) focusProof();
    else if (event.key === "Escape" && !inGrid) focusFindings();
    else if (event.key === "Escape" && model.get("selecting")) model.send({ kind: "everything" });
    else return;
    event.preventDefault();
  });
  const stop = painted(model, ["selected", "selecting", "detail", "apart", "trouble"], () => {
    paintFindings();
    paintChosen();
    paintProof();
  });
  return () => { stop(); stopTrouble(); };
}

export default { render };
