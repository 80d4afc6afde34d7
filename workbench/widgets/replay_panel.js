// Draws the replay panel: what is asked for, how far it is, what became of the records, what differs.

// The control is called so and no more: a label around a list of runs would have all of them in its name.
function field(name, control) {
  control.setAttribute("aria-label", name);
  return node("label", {}, `${name} `, control);
}

// Rows are drawn anew when a run has come or is chosen; whoever walks them by keys stays on the one that is chosen.
function rowsOf(body, rows, chosen) {
  const isWalked = body.contains(document.activeElement);
  body.replaceChildren(...rows.map((cells) => node("tr", { tabindex: "-1", "aria-selected": String(cells[0] === chosen) },
    ...cells.map((text) => node("td", {}, text)))));
  const first = body.querySelector("[aria-selected=true]") ?? body.firstElementChild;
  if (first) first.tabIndex = 0;
  if (first && isWalked) first.focus();
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-replay" });
  const [trouble, stopTrouble] = troubleLine(model);
  const set = (name, value) => { model.set(name, value); model.save_changes(); };
  const change = (name, value) => set("settings", { ...model.get("settings"), [name]: value });

  const source = node("select");
  source.addEventListener("change", () => set("source", source.value));
  const handler = node("input", { type: "text", placeholder: "handlers.py:handle", size: "34", spellcheck: "false" });
  handler.addEventListener("change", () => set("handler", handler.value));
  // What of its mapping a source has; what is left as it is follows the capture, else Lambda's default.
  const mapping = node("div", { class: "wb-bar", role: "group", "aria-label": "Mapping" });
  const number = ({ name, label, as_is }) => {
    const input = node("input", { type: "text", inputmode: "numeric", size: String(Math.max(9, as_is.length)), placeholder: as_is });
    input.addEventListener("change", () => change(name, input.value));
    return [field(label, input), (value) => { if (document.activeElement !== input) input.value = value ?? ""; }];
  };
  const toggle = ({ name, label, as_is }) => {
    const choice = node("select", {}, ...[["", `as is (${as_is})`], ["on", "on"], ["off", "off"]].map(([value, text]) => node("option", { value }, text)));
    choice.addEventListener("change", () => change(name, choice.value === "" ? null : choice.value === "on"));
    return [field(label, choice), (value) => { choice.value = value === undefined || value === null ? "" : value ? "on" : "off"; }];
  };
  let [fieldsDrawn, controls] = [null, []];
  const only = node("input", { type: "checkbox" });
  only.addEventListener("change", () => set("only_selected", only.checked));
  const start = button("Replay", () => { if (handler.value !== model.get("handler")) set("handler", handler.value); model.send({ kind: "start" }); });
  const one = node("span", { class: "wb-chip" });
  const all = button("All records", () => model.send({ kind: "all" }));
  const isolation = node("span", { class: "wb-chip" });
  const [job, stopJob] = jobLine(model);
  const [call, paintCall] = sourceLine("The same in Python", "");

  const [runs, runRows] = table({ role: "grid", "aria-label": "Runs" }, ["run", "handler", "source", "ended (UTC)", "isolation"]);
  const show = (row) => { if (row) { row.focus(); set("shown", row.firstElementChild.textContent); } };
  runRows.addEventListener("click", (event) => show(event.target.closest("tr")));
  runRows.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    const there = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (there === undefined) return;
    event.preventDefault();
    show(there);
  });
  const [outcomes, outcomeRows] = table({ "aria-label": "How deliveries ended" }, ["verdict", "error", "deliveries", "records", "for example"]);
  const [calls, callRows] = table({ "aria-label": "AWS calls" }, ["service", "operation", "calls", "answered"]);
  const [differences, differenceRows] = table({ "aria-label": "Differences" }, ["what", "from → to", "how many"]);
  const [statement, paintStatement] = sourceLine("The endings in SQL", "");
  const [shrunk, paintShrunk] = sourceLine("The shrinking in Python", "");
  const sum = node("p");
  const [compared, paintCompared] = sourceLine("The comparison in Python", "");
  const other = node("select");
  let wanted = null;
  other.addEventListener("change", () => { wanted = other.value; });
  const compareNow = button("Compare", () => model.send({ kind: "compare", run: other.value }));
  const fewest = node("pre", { tabindex: "0" });
  const shrink = button("Fewest that fail", () => model.send({ kind: "shrink" }));
  const difference = node("p", { role: "status" });
  const scroll = (name, drawn) => node("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": name }, drawn);
  const wide = scroll("Endings", outcomes);
  const made = scroll("Calls", calls);
  const differing = scroll("Difference rows", differences);
  const listed = node("section", { "aria-label": "Replays" }, node("h4", {}, "Replays"), node("div", { class: "wb-scroll" }, runs),
    node("h4", {}, "How deliveries ended"), sum, wide, made, statement,
    node("div", { class: "wb-bar" }, field("Compare with", other), compareNow, shrink), difference, differing, compared, fewest, shrunk);

  root.append(trouble,
    node("div", { class: "wb-bar" }, field("Source", source), field("Handler", handler)),
    mapping,
    node("div", { class: "wb-bar" }, start, node("label", {}, only, " Only what is selected"), one, all, isolation),
    job, call, listed);
  el.append(root);
  keepKeys(root);
  handler.addEventListener("keydown", (event) => { if (event.key === "Enter") start.click(); });

  const stop = painted(model, ["sources", "source", "handler", "settings", "fields", "isolation", "only_selected", "delivery_id", "runs", "shown",
    "detail", "difference", "fewest", "call"], () => {
    const names = model.get("sources");
    if ([...source.options].map((each) => each.value).join("\n") !== names.join("\n")) {
      source.replaceChildren(...names.map((name) => node("option", { value: name }, name)));
    }
    source.value = model.get("source");
    if (document.activeElement !== handler) handler.value = model.get("handler");
    const drawnAs = JSON.stringify(model.get("fields"));
    if (drawnAs !== fieldsDrawn) {
      fieldsDrawn = drawnAs;
      controls = model.get("fields").map((each) => [each.name, ...(each.is_switch ? toggle : number)(each)]);
      mapping.replaceChildren(...controls.map(([, drawn]) => drawn));
    }
    for (const [name, , paint] of controls) paint(model.get("settings")[name]);
    isolation.textContent = model.get("isolation");
    isolation.hidden = !isolation.textContent;
    only.checked = model.get("only_selected");
    const id = model.get("delivery_id");
    one.hidden = all.hidden = id === null;
    one.textContent = `only delivery ${id}`;
    paintCall(model.get("call"));
    const [shown, rows, detail] = [model.get("shown"), model.get("runs"), model.get("detail")];
    listed.hidden = rows.length === 0;
    rowsOf(runRows, rows, shown);
    rowsOf(outcomeRows, detail.outcomes ?? [], null);
    rowsOf(callRows, detail.calls ?? [], null);
    [outcomeRows, callRows].forEach((body) => [...body.children].forEach((row) => { row.removeAttribute("tabindex"); row.removeAttribute("aria-selected"); }));
    sum.textContent = detail.said ?? "";
    made.hidden = !detail.calls?.length;
    paintStatement(detail.statement ?? "");
    const others = rows.filter(([run]) => run !== shown);
    other.replaceChildren(...others.map(([run, name]) => node("option", { value: run }, `${run} (${name})`)));
    if (others.some(([run]) => run === wanted)) other.value = wanted;
    compareNow.disabled = others.length === 0;
    const told = model.get("difference");
    difference.textContent = told.said ?? "";
    differing.hidden = compared.hidden = !told.rows;
    differenceRows.replaceChildren(...(told.rows ?? []).map((cells) => node("tr", {}, ...cells.map((text) => node("td", {}, text)))));
    paintCompared(told.call ?? "");
    const { said: fewestSaid, call: fewestCall } = model.get("fewest");
    fewest.textContent = fewestSaid ?? "";
    paintShrunk(fewestCall ?? "");
    fewest.hidden = shrunk.hidden = !fewestSaid;
  });
  const stopBusy = painted(model, ["progress"], () => {
    start.disabled = shrink.disabled = model.get("progress").state === "running";
  });
  return () => { stop(); stopTrouble(); stopJob(); stopBusy(); };
}

export default { render };
