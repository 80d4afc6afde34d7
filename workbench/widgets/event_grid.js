// Draws the grid of events and the inspector.

const ROW_PX = 24, HEAD_PX = 28;
const TALLEST_PX = 8_000_000;  // what is taller, browsers clip
const KEPT_ROWS = 2_000, ASKED_ROWS = 100, AROUND = 4;
const ASKING_MS = 100, AGAIN_MS = 3_000;
const NUMBERS = [5, 6, 7];  // columns
const FACES = [["json", "JSON"], ["raw", "Raw"], ["hex", "Hex"], ["decoded", "Decoded"], ["record", "Record"]];
const COPIES = [["sql", "SQL"], ["pytest", "pytest"], ["aws", "aws command"]];
const OPEN_LEVELS = 2, CHILDREN_AT_ONCE = 300;

let grids = 0;

// Calls `work` at most once in so many milliseconds, and a last time for the last call.
function paced(ms, work) {
  let timer = null, again = false;
  const call = () => {
    if (timer !== null) { again = true; return; }
    work();
    timer = setTimeout(() => { timer = null; if (again) { again = false; call(); } }, ms);
  };
  return [call, () => clearTimeout(timer)];
}

// Where the rows are. A scroll bar has no more than 8 million pixels: above that a pixel is several rows, and the wheel
// is taken from the browser, so that it still moves by rows.
function scroller(box, redraw) {
  let total = 0, top = 0, placed = 0, rest = 0;
  const tall = () => Math.min(total * ROW_PX, TALLEST_PX);
  const fit = () => Math.max(1, Math.floor((box.clientHeight - HEAD_PX) / ROW_PX));
  const lastTop = () => Math.max(0, total - fit());
  const slack = () => Math.max(1, HEAD_PX + tall() - box.clientHeight);
  const isScaled = () => total * ROW_PX > TALLEST_PX;
  const moveTo = (row) => {
    top = Math.max(0, Math.min(row, lastTop()));
    box.scrollTop = isScaled() ? (top / lastTop()) * slack() : top * ROW_PX;
    placed = box.scrollTop;
    redraw();
  };
  const scrolled = () => {
    if (Math.abs(box.scrollTop - placed) < 1) return;
    placed = box.scrollTop;
    top = isScaled() ? Math.round((placed / slack()) * lastTop()) : Math.floor(placed / ROW_PX);
    redraw();
  };
  const wheeled = (event) => {
    if (!isScaled() || event.ctrlKey || Math.abs(event.deltaY) < Math.abs(event.deltaX)) return;
    event.preventDefault();
    rest += event.deltaMode === 0 ? event.deltaY / ROW_PX : event.deltaY;
    const rows = Math.trunc(rest);
    rest -= rows;
    if (rows) moveTo(top + rows);
  };
  box.addEventListener("scroll", scrolled);
  box.addEventListener("wheel", wheeled, { passive: false });
  return {
    fit, tall, moveTo,
    top: () => top,
    reset: (count) => { total = count; moveTo(Math.min(top, lastTop())); },
    y: (row) => (isScaled() ? box.scrollTop + (row - top) * ROW_PX : row * ROW_PX),
    show: (row) => {
      if (row < top) moveTo(row);
      else if (row >= top + fit()) moveTo(row - fit() + 1);
    },
  };
}

function eventRows(model) {
  const columns = model.get("columns");
  const name = `wb-events-${(grids += 1)}`;
  const row = (attributes, role, texts) => node("div", { role: "row", ...attributes }, ...texts.map((text, at) =>
    node("div", { role, class: NUMBERS.includes(at) ? "wb-number" : null }, text)));
  const head = node("div", { role: "rowgroup", class: "wb-head" }, row({ "aria-rowindex": "1" }, "columnheader", columns));
  const body = node("div", { role: "rowgroup", class: "wb-rows" });
  const box = node("div", { role: "grid", class: "wb-grid", tabindex: "0", "aria-label": "Events", "aria-readonly": "true" }, head, body);
  const known = new Map(), drawn = new Map();
  let [version, total] = [0, 0];

  const cursor = () => (model.get("cursor")[0] === version ? model.get("cursor")[1] : -1);
  const made = (place) => {
    const texts = known.get(place);
    const each = row({ id: `${name}-${place}`, "aria-rowindex": String(place + 2) }, "gridcell", texts ?? columns.map((_, at) => (at ? "" : "…")));
    each.addEventListener("click", () => { point(place); box.dispatchEvent(new CustomEvent("inspect")); });
    return each;
  };
  const inSight = () => {
    const first = Math.max(0, rows.top() - AROUND);
    return [first, Math.min(total, rows.top() + rows.fit() + 1 + AROUND)];
  };
  const draw = () => {
    const [first, last] = inSight();
    const before = [...drawn.keys()].join();
    for (const place of [...drawn.keys()]) if (place < first || place >= last) drawn.delete(place);
    let isMissing = false;
    const now = [];
    for (let place = first; place < last; place += 1) {
      if (!drawn.has(place)) drawn.set(place, made(place));
      isMissing ||= !known.has(place);
      const each = drawn.get(place);
      each.style.transform = `translateY(${rows.y(place)}px)`;
      each.setAttribute("aria-selected", String(place === cursor()));
      now.push(each);
    }
    if (before !== [...drawn.keys()].join()) body.replaceChildren(...now);
    if (drawn.has(cursor())) box.setAttribute("aria-activedescendant", `${name}-${cursor()}`);
    else box.removeAttribute("aria-activedescendant");
    if (isMissing) ask();
  };
  const rows = scroller(box, draw);

  let retry = null;
  const [ask, stopAsking] = paced(ASKING_MS, () => {
    clearTimeout(retry);
    const [first, last] = inSight();
    let missing = first;
    while (missing < last && known.has(missing)) missing += 1;
    if (missing >= last) return;
    model.send({ kind: "rows", version, first: Math.max(0, first - (ASKED_ROWS - (last - first)) / 2 | 0), count: Math.max(ASKED_ROWS, last - first) });
    retry = setTimeout(ask, AGAIN_MS);  // a newer wish of another page of this view may have been met instead
  });
  const answered = (content) => {
    if (content.kind !== "rows" || content.version !== version) return;
    if (known.size > KEPT_ROWS) known.clear();
    content.rows.forEach((texts, at) => {
      known.set(content.first + at, texts);
      const old = drawn.get(content.first + at);
      if (!old) return;
      const fresh = made(content.first + at);
      drawn.set(content.first + at, fresh);
      old.replaceWith(fresh);
    });
    draw();
  };

  function point(place) {
    model.set("cursor", [version, Math.max(0, Math.min(place, total - 1))]);
    model.save_changes();
  }
  box.addEventListener("keydown", (event) => {
    const now = cursor(), far = Math.max(1, rows.fit() - 1);
    const start = now < 0 ? rows.top() - 1 : now;
    const there = {
      ArrowDown: start + 1, ArrowUp: start - 1, PageDown: start + far, PageUp: start - far, Home: 0, End: total - 1,
    }[event.key];
    if (there === undefined || total === 0) return;
    event.preventDefault();
    point(there);
  });

  const reload = () => {
    [version, total] = model.get("shown");
    known.clear();
    drawn.clear();
    body.replaceChildren();
    body.style.height = `${Math.min(total * ROW_PX, TALLEST_PX)}px`;
    box.setAttribute("aria-rowcount", String(total + 1));
    rows.reset(total);
    moved();
  };
  const moved = () => { if (cursor() >= 0) rows.show(cursor()); draw(); };
  const sized = new ResizeObserver(draw);
  sized.observe(box);
  model.on("msg:custom", answered);
  const stops = [
    painted(model, ["shown"], reload),
    painted(model, ["cursor"], moved),
    painted(model, ["loading"], () => box.setAttribute("aria-busy", String(model.get("loading")))),
    () => model.off("msg:custom", answered),
    () => sized.disconnect(),
    () => { stopAsking(); clearTimeout(retry); },
  ];
  return [box, () => stops.forEach((stop) => stop())];
}

function filterBox(model, leave) {
  const text = node("textarea", { rows: "1", "aria-label": "Filter", spellcheck: "false", placeholder: "receive_count > 1 and $.order.id == 42" });
  const apply = () => { if (text.value !== model.get("filter") || model.get("refused")) model.send({ kind: "filter", text: text.value }); };
  const reset = button("Reset", () => { text.value = ""; model.send({ kind: "filter", text: "" }); });
  const follow = button("Follow key", () => model.send({ kind: "follow" }));
  const count = node("span", { class: "wb-push", "aria-live": "polite" });
  const refused = node("p", { role: "alert", class: "wb-error" });
  const form = node("form", { role: "search", "aria-label": "Events" }, text, button("Apply", apply), reset, follow, count);
  const chosen = node("p", { class: "wb-quiet" });
  form.addEventListener("submit", (event) => event.preventDefault());
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) apply();
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
  });
  const stops = [
    painted(model, ["filter"], () => { text.value = model.get("filter"); }),
    painted(model, ["selected"], () => { follow.disabled = model.get("selected") === null; }),
    painted(model, ["shown", "loading"], () => {
      const [, total, whole] = model.get("shown");
      count.textContent = model.get("loading") ? "loading …" : `${total.toLocaleString("en")} of ${whole.toLocaleString("en")} deliveries`;
    }),
    painted(model, ["refused"], () => {
      refused.textContent = model.get("refused");
      refused.hidden = !refused.textContent;
      text.setAttribute("aria-invalid", String(!refused.hidden));
    }),
    painted(model, ["selected_words"], () => { chosen.textContent = `Selected: ${model.get("selected_words")}`; }),
  ];
  return [[form, refused, chosen], () => text.focus(), () => stops.forEach((stop) => stop())];
}

// A node of a tree: `[key, kind, value]`. What is closed has no children yet, for there may be very many.
function branch([key, kind, value], depth) {
  const name = key === "" ? null : node("span", { class: "wb-key" }, key);
  if (typeof value === "string") {
    const said = kind === "string" ? `"${value}"` : value;
    return node("div", { class: `wb-leaf wb-kind-${kind}` }, name, name && ": ", said);
  }
  const size = value.length === 1 ? "1 member" : `${value.length.toLocaleString("en")} members`;
  const inner = node("div");
  const brackets = kind === "object" ? "{ }" : "[ ]";
  const whole = node("details", {}, node("summary", {}, name, name && ": ", brackets, " ", node("span", { class: "wb-size" }, size)), inner);
  const grow = (from) => {
    inner.append(...value.slice(from, from + CHILDREN_AT_ONCE).map((child) => branch(child, depth + 1)));
    const left = value.length - from - CHILDREN_AT_ONCE;
    if (left <= 0) return;
    const more = button(`${left.toLocaleString("en")} more`, () => { more.remove(); grow(from + CHILDREN_AT_ONCE); });
    inner.append(more);
  };
  whole.addEventListener("toggle", () => { if (whole.open && !inner.hasChildNodes()) grow(0); });
  if (depth < OPEN_LEVELS) { grow(0); whole.open = true; }
  return whole;
}

function part({ title, tree, text, cells }) {
  const shown = tree ? node("div", { class: "wb-tree" }, branch(tree, 0))
    : cells ? node("table", {}, node("tbody", {}, ...cells.map(([name, said]) =>
      node("tr", {}, node("th", { scope: "row" }, name), node("td", {}, said)))))
      : node("pre", {}, text);
  return node("div", {}, title ? node("h5", {}, title) : null, shown);
}

function copies(model) {
  const text = node("pre", { tabindex: "0", "aria-label": "Copied" }), said = node("span", { role: "status" });
  const shown = node("div", { class: "wb-copied" }, text);
  const replay = model.get("can_replay") ? button("Replay this record", () => model.send({ kind: "replay" })) : null;
  const bar = node("div", { class: "wb-bar" }, ...(replay ? [replay] : []), "Copy as",
    ...COPIES.map(([form, name]) => button(name, () => model.send({ kind: "copy", form }))), said);
  const clear = () => { shown.hidden = true; said.textContent = ""; };
  const answered = async (content) => {
    if (content.kind !== "copied") return;
    text.textContent = content.text;
    shown.hidden = false;
    try {
      await navigator.clipboard.writeText(content.text);
      said.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(text);
      said.textContent = "selected: copy it with the keyboard";
    }
  };
  clear();
  model.on("msg:custom", answered);
  return [[bar, shown], clear, () => model.off("msg:custom", answered)];
}

function inspector(model, leave) {
  let face = "json", whole = false;
  const title = node("h4"), note = node("p", { class: "wb-quiet" });
  const content = node("div", { class: "wb-face", role: "tabpanel", tabindex: "0" });
  const all = button("Show all", () => { whole = true; ask(); });
  const tabs = FACES.map(([name, label]) => {
    const tab = button(label, () => turn(name));
    tab.setAttribute("role", "tab");
    return tab;
  });
  const list = node("div", { role: "tablist", class: "wb-tabs", "aria-label": "The record as" }, ...tabs);
  const [copying, clearCopy, stopCopying] = copies(model);
  const close = button("Close", () => { shut(); leave(); });
  const root = node("section", { class: "wb-inspector", "aria-label": "Inspector" }, node("div", { class: "wb-bar" }, title, node("span", { class: "wb-push" }), close), list, content, note, all, ...copying);
  const [ask, stopAsking] = paced(ASKING_MS, () => {
    const id = model.get("selected");
    if (!root.hidden && id !== null) model.send({ kind: "inspect", id, face, whole });
  });
  const paintTabs = () => tabs.forEach((tab, at) => {
    const isShown = FACES[at][0] === face;
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
    if (isShown) content.setAttribute("aria-label", FACES[at][1]);
  });
  const turn = (name) => { face = name; whole = false; paintTabs(); ask(); };
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = (tabs.findIndex((tab) => tab.tabIndex === 0) + step + tabs.length) % tabs.length;
    turn(FACES[at][0]);
    tabs[at].focus();
  });
  const answered = (said) => {
    if (said.kind !== "inspected" || said.id !== model.get("selected") || said.face !== face) return;
    title.textContent = said.title;
    content.className = `wb-face wb-${face}`;
    content.replaceChildren(...said.parts.map(part));
    note.textContent = said.is_cut ? "This is the beginning." : said.note;
    all.hidden = !said.is_cut;
  };
  const chosen = () => { whole = false; clearCopy(); if (model.get("selected") === null) shut(); else ask(); };
  const shut = () => { root.hidden = true; };
  root.hidden = true;
  all.hidden = true;
  paintTabs();
  model.on("msg:custom", answered);
  const stop = painted(model, ["selected"], chosen);
  const open = () => { root.hidden = false; ask(); };
  const enter = () => { open(); tabs.find((tab) => tab.tabIndex === 0).focus(); };
  return [root, { open, enter, shut }, () => { stop(); stopAsking(); stopCopying(); model.off("msg:custom", answered); }];
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-events" });
  const [trouble, stopTrouble] = troubleLine(model);
  const [grid, stopGrid] = eventRows(model);
  const toGrid = () => grid.focus();
  const [filter, toFilter, stopFilter] = filterBox(model, toGrid);
  const [inspected, inspecting, stopInspector] = inspector(model, toGrid);
  const [source, paintSource] = sourceLine("The same rows in Python", "");
  root.append(trouble, ...filter, grid, inspected, source);
  el.append(root);
  keepKeys(root);
  grid.addEventListener("inspect", inspecting.open);
  root.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const inGrid = event.target === grid;
    if (event.key === "/" && event.target.tagName !== "TEXTAREA") toFilter();
    else if (event.key === "Enter" && inGrid) whenSelected(() => inspecting.enter());
    else if (event.key === "Escape" && inGrid) inspecting.shut();
    else if (event.key === "Escape") toGrid();
    else return;
    event.preventDefault();
  });
  // The kernel tells a moment later which record a row is; who is quick has pressed Enter by then.
  const whenSelected = (go) => {
    if (model.get("selected") !== null) { go(); return; }
    const wait = () => { if (model.get("selected") !== null) { model.off("change:selected", wait); go(); } };
    model.on("change:selected", wait);
  };
  const stopSource = painted(model, ["call"], () => paintSource(model.get("call")));
  return () => [stopTrouble, stopGrid, stopFilter, stopInspector, stopSource].forEach((stop) => stop());
}

export default { render };
