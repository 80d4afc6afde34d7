// Draws the tuning panel: sliders, figures, the search, and pictures in tabs.

const TABS = { ages: "Age over time", candidates: "Candidates", shards: "Shards" };
const EVERY_MS = 100;
const QUIET_MS = 350;
let tunePanels = 0;

// Calls at once, then at most ten times a second; the last call is never lost.
function throttled(work) {
  let [last, timer] = [0, null];
  return () => {
    if (timer !== null) return;
    const wait = Math.max(0, last + EVERY_MS - Date.now());
    timer = setTimeout(() => { timer = null; last = Date.now(); work(); }, wait);
  };
}

function quiet(work) {
  let timer = null;
  return () => { clearTimeout(timer); timer = setTimeout(work, QUIET_MS); };
}

const named = (value, unit) => (value === null ? "none" : `${value} ${unit}`);

// One setting: a slider that stops at round values, and a field for any value.
function knob({ label, unit, stops, now, note, fixed, name }, id, moved) {
  const numbers = stops.filter((stop) => stop !== null);
  const mayBeNone = numbers.length < stops.length;
  const slider = node("input", { type: "range", min: 0, max: stops.length - 1, step: 1, "aria-label": `${label}, slider` });
  const field = node("input", {
    type: "number", id, min: numbers[0], max: numbers[numbers.length - 1], step: 1, placeholder: mayBeNone ? "none" : null,
    "aria-describedby": note ? `${id}-note` : null, "data-name": name,
  });
  const word = node("label", { for: id }, label);
  slider.disabled = field.disabled = fixed;
  const nearest = (value) => (value === null ? stops.length - 1
    : numbers.reduce((best, stop, place) => (Math.abs(stop - value) < Math.abs(numbers[best] - value) ? place : best), 0));
  const show = (value) => {
    slider.value = nearest(value);
    slider.setAttribute("aria-valuetext", named(value, unit));
    field.value = value === null ? "" : value;
    word.classList.toggle("wb-moved", value !== now);
  };
  const read = () => (field.value === "" ? (mayBeNone ? null : now) : Number(field.value));
  slider.addEventListener("input", () => { show(stops[Number(slider.value)]); moved(); });
  field.addEventListener("change", () => { show(read()); moved(); });
  show(now);
  const said = note ? node("p", { class: "wb-note", id: `${id}-note` }, note) : null;
  return { drawn: [word, slider, field, node("span", { class: "wb-unit" }, unit), said].filter(Boolean), name, now, show, read };
}

function knobs(model, prefix) {
  const drawn = node("div", { class: "wb-knobs", role: "group", "aria-label": "Settings" });
  let [all, touched] = [[], 0];
  const wanted = () => Object.fromEntries(all.map((each) => [each.name, each.read(), each.now]).filter(([, value, now]) => value !== now));
  const send = throttled(() => model.send({ kind: "move", changes: wanted() }));
  const moved = () => { touched = Date.now(); send(); };
  const follow = () => {
    // What comes back while a slider is dragged is older than where the slider is.
    if (Date.now() - touched < 1_000) return;
    const changes = model.get("changes");
    all.forEach((each) => each.show(each.name in changes ? changes[each.name] : each.now));
  };
  const paint = () => {
    const notes = new Set();
    all = (model.get("fitted").knobs ?? []).map((each) => {
      const note = notes.has(each.note) ? "" : each.note;
      notes.add(each.note);
      return knob({ ...each, note }, `${prefix}-${each.name}`, moved);
    });
    drawn.replaceChildren(...all.flatMap((each) => each.drawn));
    touched = 0;
    follow();
  };
  const back = button("As captured", () => {
    touched = 0;
    model.send({ kind: "move", changes: {} });
  });
  const side = node("div", {}, drawn, node("div", { class: "wb-bar" }, back));
  return [side, () => { paint(); side.hidden = all.length === 0; }, follow];
}

function figures(model) {
  const verdict = node("p", { class: "wb-verdict" });
  const numbers = node("div", {});
  const [source, paintSource] = sourceLine("The advice on these values in Python", "");
  const title = node("h4", {}, "In AWS");
  const commands = node("pre", { tabindex: "0", "aria-label": "AWS commands" });
  const drawn = node("div", { class: "wb-figures" }, verdict, numbers, title, commands, source);
  const paint = () => {
    const [fitted, answer, changes] = [model.get("fitted"), model.get("answer"), model.get("changes")];
    verdict.textContent = fitted.refusal || fitted.verdict || "";
    verdict.classList.toggle("wb-refused", Boolean(fitted.refusal));
    verdict.hidden = !verdict.textContent;
    numbers.setAttribute("aria-busy", String(Boolean(answer.rows) && JSON.stringify(answer.changes) !== JSON.stringify(changes)));
    numbers.hidden = source.hidden = !answer.rows;
    title.hidden = commands.hidden = !answer.commands;
    if (!answer.rows) return;
    const [grid, body] = table({ "aria-label": "Figures" }, answer.columns);
    body.append(...answer.rows.map(([first, ...cells]) =>
      node("tr", {}, node("th", { scope: "row" }, first), ...cells.map((text) => node("td", {}, text)))));
    numbers.replaceChildren(grid);
    commands.textContent = answer.commands;
    paintSource(answer.call);
  };
  return [drawn, paint];
}

function candidateRows(model, found) {
  const [grid, body] = table({ role: "grid", "aria-label": "Candidates" }, found.columns);
  const rows = found.rows.map((cells) => node("tr", { tabindex: "-1" }, ...cells.map((text) => node("td", {}, text))));
  body.append(...rows);
  if (rows.length) rows[0].tabIndex = 0;
  const go = (place) => {
    const there = rows[Math.max(0, Math.min(place, rows.length - 1))];
    rows.forEach((row) => { row.tabIndex = row === there ? 0 : -1; });
    there.focus();
  };
  const choose = (place) => {
    rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === place)));
    model.send({ kind: "candidate", place: found.places[place] });
  };
  body.addEventListener("click", (event) => {
    const place = rows.indexOf(event.target.closest("tr"));
    go(place);
    choose(place);
  });
  body.addEventListener("keydown", (event) => {
    const now = rows.indexOf(document.activeElement);
    const there = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === "Enter" && now >= 0) choose(now);
    else if (there !== undefined) go(there);
    else return;
    event.preventDefault();
  });
  return node("div", { class: "wb-scroll" }, grid);
}

function search(model) {
  const slo = node("input", { type: "text", class: "wb-slo", placeholder: "p99 age < 30 s and cost < 20 USD per month", spellcheck: "false" });
  const start = node("button", { type: "submit" }, "Search");
  const cancel = button("Cancel", () => model.send({ kind: "cancel" }));
  const bar = node("progress", { "aria-label": "Search" });
  const words = node("span", { "aria-live": "polite" });
  const form = node("form", { class: "wb-bar" }, node("label", {}, "Wanted ", slo), start, cancel, bar, words);
  const outcome = node("div", {});
  form.addEventListener("submit", (event) => { event.preventDefault(); model.send({ kind: "search", slo: slo.value }); });
  const paint = () => {
    const now = model.get("search");
    const runs = now.state === "running";
    cancel.hidden = bar.hidden = !runs;
    start.disabled = runs;
    form.hidden = !model.get("fitted").verdict;
    words.textContent = now.words ?? "";
    if (now.total) { bar.max = now.total; bar.value = now.done; } else bar.removeAttribute("value");
  };
  const paintFound = () => {
    const found = model.get("found");
    const parts = [];
    if (found.reason) parts.push(node("p", { class: "wb-quiet" }, `Nothing is recommended: ${found.reason}`));
    if (found.rows?.length) parts.push(candidateRows(model, found));
    if (found.commands) parts.push(node("h4", {}, "The recommended one, in AWS"), node("pre", { tabindex: "0" }, found.commands));
    outcome.replaceChildren(...parts);
  };
  return [node("div", {}, form, outcome), paint, paintFound];
}

function pictures(model, prefix) {
  const list = node("div", { role: "tablist", "aria-label": "Pictures" });
  const panel = node("div", { role: "tabpanel", id: `${prefix}-picture`, tabindex: "0" });
  let open = "ages";
  const ask = quiet(() => { if (model.get("fitted").tabs) model.send({ kind: "picture", tab: open }); });
  const tabs = () => [...list.children];
  const show = () => {
    const { tab, src, alt, words } = model.get("picture");
    if (tab !== open) return;
    panel.setAttribute("aria-busy", "false");
    panel.replaceChildren(src ? node("img", { src, alt }) : node("p", { class: "wb-quiet" }, words));
  };
  const select = (tab, focus) => {
    open = tab;
    tabs().forEach((each) => {
      const chosen = each.dataset.tab === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      if (chosen && focus) each.focus();
    });
    panel.setAttribute("aria-labelledby", `${prefix}-${tab}`);
    panel.setAttribute("aria-busy", "true");
    show();
    ask();
  };
  const paint = () => {
    const names = model.get("fitted").tabs ?? [];
    list.hidden = panel.hidden = names.length === 0;
    list.replaceChildren(...names.map((tab) => {
      const made = button(TABS[tab], () => select(tab, false));
      for (const [name, value] of Object.entries({ role: "tab", id: `${prefix}-${tab}`, "aria-controls": `${prefix}-picture` })) made.setAttribute(name, value);
      made.dataset.tab = tab;
      return made;
    }));
    if (names.length) select(names.includes(open) ? open : names[0], false);
  };
  list.addEventListener("keydown", (event) => {
    const names = tabs().map((each) => each.dataset.tab);
    const now = names.indexOf(open);
    const there = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: names.length - 1 }[event.key];
    if (there === undefined) return;
    event.preventDefault();
    select(names[(there + names.length) % names.length], true);
  });
  const again = () => { if (open !== "shards") ask(); };
  return [node("div", {}, list, panel), paint, show, again];
}

function sourceChoice(model) {
  const choice = node("select", {}, ...model.get("sources").map((name) => node("option", { value: name }, name)));
  choice.addEventListener("change", () => model.send({ kind: "source", source: choice.value }));
  const busy = node("span", { class: "wb-quiet", "aria-live": "polite" });
  const notes = node("details", {}, node("summary", {}, "Assumed"));
  const list = node("ul", {});
  notes.append(list);
  return [node("div", {}, node("div", { class: "wb-bar" }, node("label", {}, "Source ", choice), busy), notes), () => {
    const fitted = model.get("fitted");
    choice.value = model.get("source");
    busy.textContent = fitted.source || model.get("trouble") ? "" : "fitting a model to the capture…";
    list.replaceChildren(...(fitted.notes ?? []).map((text) => node("li", {}, text)));
    notes.hidden = list.childElementCount === 0;
  }];
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-tune" });
  const prefix = `wb-tune-${(tunePanels += 1)}`;
  const [trouble, stopTrouble] = troubleLine(model);
  const [source, paintSource] = sourceChoice(model);
  const [settings, paintKnobs, follow] = knobs(model, prefix);
  const [numbers, paintNumbers] = figures(model);
  const [searching, paintSearch, paintFound] = search(model);
  const [tabs, paintTabs, showPicture, drawAgain] = pictures(model, prefix);
  root.append(source, trouble, node("div", { class: "wb-sides" }, settings, numbers), searching, tabs);
  el.append(root);
  keepKeys(root);
  const stops = [
    painted(model, ["fitted", "source", "trouble"], paintSource), painted(model, ["fitted"], paintKnobs), painted(model, ["changes"], follow),
    painted(model, ["fitted", "answer", "changes"], paintNumbers), painted(model, ["search", "fitted"], paintSearch),
    painted(model, ["found"], paintFound), painted(model, ["fitted"], paintTabs), painted(model, ["picture"], showPicture),
    painted(model, ["answer", "found"], drawAgain),
  ];
  return () => [...stops, stopTrouble].forEach((stop) => stop());
}

export default { render };
