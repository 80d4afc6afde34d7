// Draws lanes over time. All times are UTC and reckoned in milliseconds since 1970: the page's own zone has no say.

const [LEFT, RIGHT, LANE, AXIS, MAP, MINI] = [190, 12, 34, 26, 130, 34];
const TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5,
  72e5, 144e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 2592e6, 7776e6];

const iso = (ms) => new Date(Math.round(ms)).toISOString();
const said = (ms) => `${iso(ms).slice(0, 10)} ${iso(ms).slice(11, 23)} UTC`;

function tickText(ms, step) {
  const text = iso(ms);
  if (step >= 864e5) return text.slice(0, 10);
  if (step >= 6e4) return text.slice(11, 16);
  return step >= 1e3 ? text.slice(11, 19) : text.slice(11, 23);
}

// Where milliseconds are on a page so many pixels wide, and back.
function scale([from, to], width) {
  const room = Math.max(width - LEFT - RIGHT, 1);
  return {
    x: (ms) => LEFT + ((ms - from) / (to - from)) * room,
    ms: (x) => from + (Math.min(Math.max(x - LEFT, 0), room) / room) * (to - from),
    room,
  };
}

function bars(counts, { from_ms, step_ms }, at, bottom, height) {
  const most = Math.max(1, ...counts.map(([, count]) => count));
  return counts.map(([stretch, count]) => {
    const x = at.x(from_ms + stretch * step_ms);
    const wide = Math.max(1, at.x(from_ms + (stretch + 1) * step_ms) - x);
    const high = Math.max(1, (count / most) * height);
    return `M${x.toFixed(1)},${bottom}v${-high.toFixed(1)}h${wide.toFixed(1)}v${high.toFixed(1)}z`;
  }).join("");
}

function label(text, x, y, attributes = {}) {
  return drawing("text", { x, y, ...attributes }, text);
}

function titled(element, text) {
  element.append(drawing("title", {}, text));
  return element;
}

function axis([from, to], at, y) {
  const step = TICKS.find((each) => (to - from) / each <= at.room / 90) ?? 31536e6;
  const parts = [];
  for (let ms = Math.ceil(from / step) * step; ms < to; ms += step) {
    parts.push(drawing("line", { x1: at.x(ms), x2: at.x(ms), y1: 0, y2: y, class: "wb-rule" }));
    if (at.x(ms) > LEFT + 24) parts.push(label(tickText(ms, step), at.x(ms), y + 14, { "text-anchor": "middle" }));
  }
  parts.push(label(`UTC, from ${iso(from).slice(0, 16).replace("T", " ")}`, 4, y + 14));
  return parts;
}

function lane(each, place, drawn, at, holes) {
  const top = place * LANE;
  const group = drawing("g", { class: "wb-lane" });
  const name = each.name.length > 26 ? each.name.slice(0, 25) + "…" : each.name;
  group.append(titled(label(name, 4, top + 15), each.name), label(each.deliveries.toLocaleString("en"), 4, top + 28, { class: "wb-small" }));
  group.append(drawing("line", { x1: LEFT, x2: LEFT + at.room, y1: top + LANE - 3, y2: top + LANE - 3, class: "wb-rule" }));
  if (each.marks.length > 0) {
    const d = each.marks.map((ms) => `M${at.x(ms).toFixed(1)},${top + LANE - 3}v-24`).join("");
    group.append(drawing("path", { d, class: "wb-mark" }));
  } else {
    group.append(drawing("path", { d: bars(each.counts, drawn, at, top + LANE - 3, LANE - 8), class: "wb-bars" }));
  }
  for (const hole of holes.filter((hole) => each.name === hole.lane || each.name.startsWith(`${hole.lane} `))) {
    const [low, high] = [at.x(Math.max(hole.from_ms ?? drawn.from_ms, drawn.from_ms)), at.x(Math.min(hole.to_ms ?? drawn.to_ms, drawn.to_ms))];
    if (high < low) continue;
    const rect = drawing("rect", { x: low, y: top + 2, width: Math.max(high - low, 3), height: LANE - 5, class: "wb-unread" });
    group.append(titled(rect, `not read: ${hole.said}`));
  }
  return group;
}

function span(ms) {
  if (ms < 1e3) return `${ms} ms`;
  if (ms < 6e4) return `${Math.round(ms / 1e3)} s`;
  return ms < 36e5 ? `${Math.round(ms / 6e4)} min` : `${Math.round(ms / 36e5)} h`;
}

function latencyMap({ cells, from_ms, step_ms }, at, top) {
  const group = drawing("g", { class: "wb-latency" });
  const highest = Math.max(4, ...cells.map(([, doubling]) => doubling + 1));
  const high = (MAP - 16) / highest;
  const most = Math.log(1 + Math.max(1, ...cells.map(([, , attempts]) => attempts)));
  group.append(label("arrival to START", 4, top + 12));
  if (cells.length === 0) group.append(label("no log tells which request was given which record", LEFT + 8, top + 30));
  for (let doubling = 0; doubling <= highest; doubling += 4) {
    group.append(label(span(2 ** doubling), LEFT - 6, top + MAP - doubling * high, { "text-anchor": "end", class: "wb-small" }));
  }
  for (const [stretch, doubling, attempts] of cells) {
    const x = at.x(from_ms + stretch * step_ms);
    const wide = Math.max(1.5, at.x(from_ms + (stretch + 1) * step_ms) - x);
    const cell = drawing("rect", {
      x, y: top + MAP - (doubling + 1) * high, width: wide, height: high, class: "wb-cell",
      "fill-opacity": (0.25 + 0.75 * Math.log(1 + attempts) / most).toFixed(2),
    });
    group.append(titled(cell, `${attempts} attempts, ${span(2 ** doubling)} to ${span(2 ** (doubling + 1))} after arrival`));
  }
  return group;
}

function hatch() {
  const pattern = drawing("pattern", { id: "wb-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    drawing("rect", { width: 6, height: 6, class: "wb-hatch-paper" }), drawing("line", { x1: 0, y1: 0, x2: 0, y2: 6, class: "wb-hatch-line" }));
  return drawing("defs", {}, pattern);
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-timeline" });
  const [trouble, stopTrouble] = troubleLine(model);
  const note = node("p", { class: "wb-quiet", "aria-live": "polite" });
  const live = node("p", { class: "wb-quiet", "aria-live": "polite", role: "status" });
  const chosen = node("p", { class: "wb-chosen", "aria-live": "polite" });
  const plot = drawing("svg", {
    tabindex: "0", role: "application", class: "wb-plot",
    "aria-label": "Deliveries over time. Arrows move, with Shift they extend a stretch, Enter selects it, Escape gives everything back, plus and minus zoom.",
  });
  const mini = drawing("svg", { class: "wb-mini", role: "img", "aria-label": "The whole time, and the window in it" });
  const changes = node("details", {}, node("summary", {}, ""), node("ul"));
  const [source, paintSource] = sourceLine("The same counts in SQL", "");
  let [cursor, anchor, pending, dragging] = [null, null, null, false];

  const view = () => model.get("window");
  const width = () => Math.max(root.clientWidth || 900, 420);
  const at = () => scale(view(), width());
  const look = (from, to) => {
    const [low, high] = model.get("whole");
    const long = Math.max(Math.min(to - from, high - low), 2);
    const begin = Math.min(Math.max(from, low), high - long);
    model.set("window", [Math.floor(begin), Math.ceil(begin + long)]);
    model.save_changes();
  };
  const zoom = (factor, middle) => {
    const [from, to] = view();
    const around = middle ?? (from + to) / 2;
    look(around - (around - from) * factor, around + (to - around) * factor);
  };
  const commit = (ends) => {
    pending = null;
    model.set("brush", ends ? [Math.min(...ends), Math.max(...ends)] : []);
    model.save_changes();
  };
  const whole = () => look(...model.get("whole"));
  const closer = button("Zoom to selection", () => { const ends = model.get("brush"); if (ends.length) look(...ends); });
  const checkbox = (trait, text) => {
    const box = node("input", { type: "checkbox" });
    box.addEventListener("change", () => { model.set(trait, box.checked); model.save_changes(); });
    return [node("label", {}, box, ` ${text}`), () => { box.checked = model.get(trait); }];
  };
  const [partitions, paintPartitions] = checkbox("by_partition", "A lane a partition");
  const [latency, paintLatency] = checkbox("shows_latency", "Latency");
  const clear = button("Clear", () => commit(null));
  root.append(trouble, node("div", { class: "wb-bar" },
    button("+", () => zoom(0.5, cursor)), button("−", () => zoom(2, cursor)), button("Whole time", whole), closer, clear, partitions, latency,
    button("Refresh", () => model.send({ kind: "refresh" }))), note, plot, mini, live, chosen, changes, source);
  el.append(root);
  keepKeys(root);

  const brushed = () => pending ?? (model.get("brush").length ? model.get("brush") : null);
  const paintBrush = () => {
    plot.querySelectorAll(".wb-brush, .wb-cursor").forEach((each) => each.remove());
    const high = Number(plot.getAttribute("height")) - AXIS;
    const place = at();
    const ends = brushed();
    if (ends) {
      const [low, far] = [place.x(Math.max(Math.min(...ends), view()[0])), place.x(Math.min(Math.max(...ends), view()[1]))];
      if (far >= low) plot.append(drawing("rect", { x: low, y: 0, width: Math.max(far - low, 1), height: high, class: "wb-brush" }));
    }
    if (cursor !== null) plot.append(drawing("line", { x1: place.x(cursor), x2: place.x(cursor), y1: 0, y2: high, class: "wb-cursor" }));
    const fixed = model.get("brush");
    clear.disabled = closer.disabled = fixed.length === 0;
    chosen.textContent = fixed.length ? `From ${said(fixed[0])} to ${said(fixed[1])}: ${model.get("counts")}` : model.get("counts");
  };
  const tell = () => {
    const drawn = model.get("drawn");
    if (cursor === null || !drawn.lanes) return;
    const stretch = Math.floor((cursor - drawn.from_ms) / drawn.step_ms);
    const there = drawn.lanes.flatMap((each) => each.counts.filter(([place]) => place === stretch).map(([, count]) => `${each.name} ${count}`));
    const from = pending ? `${said(Math.min(...pending))} to ${said(Math.max(...pending))}; ` : "";
    live.textContent = `${from}${said(cursor)}: ${there.join(", ") || "nothing"}`;
  };
  const paintMini = () => {
    const all = model.get("overview");
    if (!all.counts) return;
    const place = scale(model.get("whole"), width());
    mini.setAttribute("width", width());
    mini.setAttribute("height", MINI);
    const [low, high] = view().map(place.x);
    mini.replaceChildren(
      drawing("path", { d: bars(all.counts, all, place, MINI - 2, MINI - 6), class: "wb-bars" }),
      drawing("rect", { x: low, y: 1, width: Math.max(high - low, 2), height: MINI - 2, class: "wb-window" }));
  };
  const paint = () => {
    const [drawn, all] = [model.get("drawn"), model.get("overview")];
    paintPartitions();
    paintLatency();
    note.textContent = drawn.note ?? "";
    paintSource(model.get("statement"));
    if (!drawn.lanes || !view().length) return;
    const place = at();
    const map = model.get("shows_latency") && model.get("latency").cells ? MAP : 0;
    const high = Math.max(drawn.lanes.length, 1) * LANE + map;
    plot.setAttribute("width", width());
    plot.setAttribute("height", high + AXIS);
    const marks = (all.changes ?? []).filter(({ at_ms }) => at_ms >= view()[0] && at_ms < view()[1]).map(({ at_ms, said: what }) =>
      titled(drawing("path", { d: `M${place.x(at_ms)},${high}V8m-5,-8h10l-5,8z`, class: "wb-change" }), `${said(at_ms)} ${what}`));
    plot.replaceChildren(hatch(), ...axis(view(), place, high),
      ...drawn.lanes.map((each, number) => lane(each, number, drawn, place, all.holes ?? [])),
      ...(map ? [latencyMap(model.get("latency"), place, high - map)] : []), ...marks);
    changes.hidden = !all.changes?.length;
    changes.firstChild.textContent = `${all.changes?.length ?? 0} changes of configuration and code`;
    changes.lastChild.replaceChildren(...(all.changes ?? []).slice(0, 200).map(({ at_ms, said: what }) => node("li", {}, `${said(at_ms)} ${what}`)));
    paintMini();
    paintBrush();
  };

  const here = (event) => at().ms(event.clientX - plot.getBoundingClientRect().left);
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    plot.setPointerCapture(event.pointerId);
    plot.focus();
    [dragging, anchor, cursor] = [true, here(event), here(event)];
  });
  plot.addEventListener("pointermove", (event) => {
    if (!dragging) return;
    cursor = here(event);
    pending = [anchor, cursor];
    paintBrush();
    tell();
  });
  plot.addEventListener("pointerup", (event) => {
    if (!dragging) return;
    dragging = false;
    const wide = Math.abs(at().x(here(event)) - at().x(anchor));
    if (wide >= 3) commit([anchor, here(event)]);
    else { pending = null; paintBrush(); tell(); }
  });
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, here(event));
  }, { passive: false });
  plot.addEventListener("keydown", (event) => {
    const [from, to] = view();
    const step = model.get("drawn").step_ms ?? 1;
    const moves = { ArrowRight: step, ArrowLeft: -step, PageDown: (to - from) / 10, PageUp: (from - to) / 10 };
    if (event.key in moves || event.key === "Home" || event.key === "End") {
      const now = cursor ?? from;
      const there = event.key === "Home" ? from : event.key === "End" ? to - 1 : Math.min(Math.max(now + moves[event.key], from), to);
      if (event.shiftKey) { anchor = pending ? anchor : now; pending = [anchor, there]; } else pending = null;
      cursor = there;
      paintBrush();
      tell();
    } else if (event.key === "Enter") { if (pending) commit(pending); }
    else if (event.key === "Escape") commit(null);
    else if (event.key === "+" || event.key === "=") zoom(0.5, cursor);
    else if (event.key === "-") zoom(2, cursor);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });
  const centre = (event) => {
    const place = scale(model.get("whole"), width());
    const [from, to] = view();
    const middle = place.ms(event.clientX - mini.getBoundingClientRect().left);
    look(middle - (to - from) / 2, middle + (to - from) / 2);
  };
  mini.addEventListener("pointerdown", centre);
  mini.addEventListener("pointermove", (event) => { if (event.buttons === 1) centre(event); });

  const resized = new ResizeObserver(paint);
  resized.observe(root);
  const stops = [
    painted(model, ["drawn", "overview", "latency", "statement", "window", "by_partition", "shows_latency"], paint),
    painted(model, ["brush", "counts"], paintBrush),
  ];
  return () => { resized.disconnect(); stopTrouble(); stops.forEach((stop) => stop()); };
}

export default { render };
