// Draws the replay panel: what is asked for, how far it is, what became of the records, what differs.

function field(name, control) {
  return node("label", {}, `${name} `, control);
}

function rowsOf(body, rows, chosen) {
  body.replaceChildren(...rows.map((cells) => node("tr", { tabindex: "-1", "aria-selected": String(cells[0] === chosen) },
    ...cells.map((text) => node("td", {}, text)))));
  const first = body.querySelector("[aria-selected=true]") ?? body.firstElementChild;
  if (first) first.tabIndex = 0;
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-replay" });
  const [trouble, stopTrouble] = troubleLine(model);
  const set = (name, value) => { model.set(name, value); model.save_changes(); };
  const { settings: numbers, switches } = model.get("labels");
  const change = (name, value) => set("settings", { ...model.get("settings"), [name]: value });

  const source = node("select");
  source.addEventListener("change", () => set("source", source.value));
  const handler = node("input", { type: "text", placeholder: "handlers.py:handle", size: "34", spellcheck: "false" });
  handler.addEventListener("change", () => set("handler", handler.value));
  const inputs = Object.entries(numbers).map(([name, label]) => {
    const input = node("input", { type: "text", inputmode: "numeric", size: "9", placeholder: "as captured" });
    input.addEventListener("change", () => change(name, input.value));
    return [name, input, field(label, input)];
  });
  const boxes = Object.entries(switches).map(([name, label]) => {
    const box = node("input", { type: "checkbox" });
    box.addEventListener("change", () => change(name, box.checked));
    return [name, box, node("label", {}, box, ` ${label}`)];
  });
  const only = node("input", { type: "checkbox" });
  only.addEventListener("change", () => set("only_selected", only.checked));
  const start = button("Replay", () => { if (handler.value !== model.get("handler")) set("handler", handler.value); model.send({ kind: "start" }); });
  const cancel = button("Cancel", () => model.send({ kind: "cancel" }));
  const one = node("span", { class: "wb-chip" });
  const all = button("All records", () => model.send({ kind: "all" }));
  const bar = node("progress", { "aria-label": "Progress" });
  const said = node("span", { role: "status" });
  const [call, paintCall] = sourceLine("The same in Python", "");

  const [runs, runRows] = table({ role: "grid", "aria-label": "Runs" }, ["run", "handler", "source", "ended (UTC)", "isolation"]);
  const show = (row) => { if (row) { set("shown", row.firstElementChild.textContent); row.focus(); } };
  runRows.addEventListener("click", (event) => show(event.target.closest("tr")));
  runRows.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    const there = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (there === undefined) return;
    event.preventDefault();
    const at = there ? [...runRows.children].indexOf(there) : -1;
    show(there);
    if (at >= 0) requestAnimationFrame(() => runRows.children[at]?.focus());
  });
  const [outcomes, outcomeRows] = table({ "aria-label": "How deliveries ended" }, ["verdict", "error", "deliveries", "records", "for example"]);
  const [calls, callRows] = table({ "aria-label": "AWS calls" }, ["service", "operation", "calls", "answered"]);
  const [differences, differenceRows] = table({ "aria-label": "Differences" }, ["what", "from → to", "how many"]);
  const [statement, paintStatement] = sourceLine("The endings in SQL", "");
  const [compared, paintCompared] = sourceLine("The comparison in Python", "");
  const other = node("select");
  const compareNow = button("Compare", () => model.send({ kind: "compare", run: other.value }));
  const fewest = node("pre", { tabindex: "0" });
  const shrink = button("Fewest that fail", () => model.send({ kind: "shrink" }));
  const difference = node("p", { role: "status" });
  const scroll = (name, drawn) => node("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": name }, drawn);
  const wide = scroll("Endings", outcomes);
  const made = scroll("Calls", calls);
  const differing = scroll("Difference rows", differences);
  const listed = node("section", { "aria-label": "Replays" }, node("h4", {}, "Replays"), node("div", { class: "wb-scroll" }, runs),
    node("h4", {}, "How deliveries ended"), wide, made, statement,
    node("div", { class: "wb-bar" }, field("Compare with", other), compareNow, shrink), difference, differing, compared, fewest);

  root.append(trouble,
    node("div", { class: "wb-bar" }, field("Source", source), field("Handler", handler)),
    node("div", { class: "wb-bar" }, ...inputs.map(([, , drawn]) => drawn), ...boxes.map(([, , drawn]) => drawn),
      node("label", {}, only, " Only what is selected")),
    node("div", { class: "wb-bar" }, start, cancel, one, all, bar, said), call, listed);
  el.append(root);
  keepKeys(root);
  handler.addEventListener("keydown", (event) => { if (event.key === "Enter") start.click(); });

  const stop = painted(model, ["sources", "source", "handler", "settings", "only_selected", "delivery_id", "progress", "runs", "shown",
    "detail", "difference", "fewest", "call"], () => {
    const names = model.get("sources");
    if ([...source.options].map((each) => each.value).join("\n") !== names.join("\n")) {
      source.replaceChildren(...names.map((name) => node("option", { value: name }, name)));
    }
    source.value = model.get("source");
    if (document.activeElement !== handler) handler.value = model.get("handler");
    for (const [name, input] of inputs) if (document.activeElement !== input) input.value = model.get("settings")[name] ?? "";
    for (const [name, box] of boxes) box.checked = Boolean(model.get("settings")[name]);
    only.checked = model.get("only_selected");
    const id = model.get("delivery_id");
    one.hidden = all.hidden = id === null;
    one.textContent = `only delivery ${id}`;
    const { state, said: words, done, total } = model.get("progress");
    const running = state === "running";
    start.disabled = running;
    cancel.disabled = !running;
    bar.hidden = !running;
    if (running && total) { bar.max = total; bar.value = done; } else bar.removeAttribute("value");
    said.textContent = words ?? "";
    paintCall(model.get("call"));
    const [shown, rows, detail] = [model.get("shown"), model.get("runs"), model.get("detail")];
    listed.hidden = rows.length === 0;
    rowsOf(runRows, rows, shown);
    rowsOf(outcomeRows, detail.outcomes ?? [], null);
    rowsOf(callRows, detail.calls ?? [], null);
    [outcomeRows, callRows].forEach((body) => [...body.children].forEach((row) => { row.removeAttribute("tabindex"); row.removeAttribute("aria-selected"); }));
    made.hidden = !detail.calls?.length;
    paintStatement(detail.statement ?? "");
    const others = rows.filter(([run]) => run !== shown);
    const before = other.value;
    other.replaceChildren(...others.map(([run, name]) => node("option", { value: run }, `${run} (${name})`)));
    if (others.some(([run]) => run === before)) other.value = before;
    compareNow.disabled = others.length === 0;
    shrink.disabled = running;
    const told = model.get("difference");
    difference.textContent = told.said ?? "";
    differing.hidden = compared.hidden = !told.rows;
    differenceRows.replaceChildren(...(told.rows ?? []).map((cells) => node("tr", {}, ...cells.map((text) => node("td", {}, text)))));
    paintCompared(told.call ?? "");
    fewest.textContent = model.get("fewest");
    fewest.hidden = !fewest.textContent;
  });
  return () => { stop(); stopTrouble(); };
}

export default { render };
