// The panel of findings: a grid that keys and mouse work alike, and below it the witness rows of the selected finding.
// What comes from the trace is text of other people: it is put in as textContent, never as markup.

const COLUMNS = ["kind", "source", "count", "confidence", "coverage", "summary"];
const PAGE = 20;
const SETTLE_MS = 120; // holding an arrow key down asks for the last row only

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) element.append(child); // a string becomes a text node
  return element;
}

function headerRow(columns) {
  const cells = columns.map((name) => make("span", { role: "columnheader", "data-column": name }, name));
  return make("div", { role: "row", class: "row head" }, ...cells);
}

function findingRow(cells, place) {
  const spans = cells.map((text, column) =>
    make("span", { role: "gridcell", "data-column": COLUMNS[column], title: text }, text));
  spans[4].classList.add("state", ["read", "assumed", "hole"].includes(cells[4]) ? cells[4] : "unknown");
  const attributes = { role: "row", class: "row", "aria-rowindex": place + 2, tabindex: -1, "aria-selected": "false" };
  return make("div", attributes, ...spans);
}

function nextPlace(key, place, last) {
  const places = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: last, PageDown: place + 10, PageUp: place - 10 };
  return key in places ? Math.max(0, Math.min(last, places[key])) : null;
}

function witnessTable(shown) {
  const head = make("tr", {}, ...shown.columns.map((name) => make("th", { scope: "col" }, name)));
  const rows = shown.rows.map((row) =>
    make("tr", {}, ...row.map((text, column) =>
      make("td", shown.columns[column] === "payload" ? { class: "payload" } : {}, text))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function render({ model, el }) {
  let timer;
  el.classList.add("workbench-findings");
  const grid = make("div", { role: "grid", "aria-label": "Findings", class: "grid" });
  const status = make("p", { role: "status", class: "status" });
  const proof = make("div", { class: "proof", role: "region", "aria-label": "Witness rows", tabindex: "0" });
  const earlier = make("button", { type: "button" }, "Earlier rows");
  const later = make("button", { type: "button" }, "Later rows");
  const call = make("pre", { "aria-label": "The call that returns these rows", tabindex: "0" });
  const pager = make("div", { class: "pager" }, status, earlier, later);
  const same = make("details", {}, make("summary", {}, "The call that returns these rows"), call);
  el.replaceChildren(grid, pager, proof, same);

  const rows = () => [...grid.querySelectorAll("[aria-selected]")];

  function mark() {
    rows().forEach((row, place) => {
      const selected = place === model.get("selected");
      row.setAttribute("aria-selected", String(selected));
      row.tabIndex = selected ? 0 : -1;
    });
  }

  function choose(place) {
    model.set("selected", place);
    mark();
    rows()[place].focus();
    clearTimeout(timer);
    timer = setTimeout(() => model.save_changes(), SETTLE_MS);
  }

  function turn(by) {
    model.set("offset", model.get("shown").offset + by);
    model.save_changes();
  }

  function list() {
    const listed = model.get("listed");
    grid.setAttribute("aria-rowcount", listed.length + 1);
    grid.replaceChildren(headerRow(COLUMNS), ...listed.map((cells, place) => findingRow(cells, place)));
    if (!listed.length) grid.replaceChildren(make("p", { class: "status" }, "Nothing found."));
    rows().forEach((row, place) => row.addEventListener("click", () => choose(place)));
    mark();
  }

  function show() {
    const shown = model.get("shown");
    const failed = Boolean(shown.error);
    const last = failed ? 0 : shown.offset + shown.rows.length;
    status.textContent = failed ? shown.error
      : shown.total ? `Witness rows ${shown.offset + 1} to ${last} of ${shown.total}` : "No witness rows";
    status.classList.toggle("error", failed);
    earlier.disabled = failed || shown.offset === 0;
    later.disabled = failed || last >= shown.total;
    earlier.hidden = later.hidden = failed || shown.total <= PAGE;
    proof.replaceChildren(...(failed || !shown.total ? [] : [witnessTable(shown)]));
    call.textContent = shown.call;
  }

  grid.addEventListener("keydown", (event) => {
    const place = nextPlace(event.key, model.get("selected"), rows().length - 1);
    if (place === null || !rows().length) return;
    event.preventDefault();
    event.stopPropagation(); // else the notebook takes arrows for its own
    choose(place);
  });
  earlier.addEventListener("click", () => turn(-PAGE));
  later.addEventListener("click", () => turn(PAGE));
  list();
  show();
  model.on("change:listed", list);
  model.on("change:selected", mark);
  model.on("change:shown", show);
  return () => {
    clearTimeout(timer);
    model.off("change:listed", list);
    model.off("change:selected", mark);
    model.off("change:shown", show);
  };
}

export default { render };
