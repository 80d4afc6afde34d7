// Draws the story of a key: a table whose last but one column is the waterfall.

const WIDTH = 340;
const HEIGHT = 18;
const COLUMNS = ["at (UTC)", "source", "what", "ending", "waterfall", "before it", "more"];
const FAILED = ["error", "timeout", "failure"];
let hatches = 0;

const clock = (ms, digits) => new Date(ms).toISOString().slice(11, 19 + (digits ? 4 : 0));

// Where an instant is drawn: all of the story on the width, a little air on both sides.
function scale(rows) {
  const known = rows.flatMap((row) => [row.from_at, row.to_at, row.waits_from_at]).filter((at) => at !== null);
  const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 0];
  const spread = Math.max(high - low, 1);
  const at = (ms) => 4 + ((ms - low) / spread) * (WIDTH - 8);
  return { at, low, high, ticks: known.length === 0 ? [] : [0, 1, 2, 3].map((part) => low + (spread * part) / 3), isShort: spread < 10_000 };
}

function axis({ at, ticks, isShort }) {
  const drawn = drawing("svg", { width: WIDTH, height: HEIGHT, role: "img", "aria-label": "waterfall" });
  ticks.forEach((ms, place) => {
    const anchor = ["start", "middle", "middle", "end"][place];
    const text = drawing("text", { x: at(ms), y: 13, "text-anchor": anchor });
    text.append(clock(ms, isShort));
    drawn.append(text);
  });
  return drawn;
}

function hatching() {
  const id = `wb-hatch-${(hatches += 1)}`;
  const line = drawing("path", { d: "M0,6 L6,0", class: "wb-hatch" });
  const pattern = drawing("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" }, line);
  return [drawing("svg", { width: 0, height: 0, "aria-hidden": "true", class: "wb-patterns" }, drawing("defs", {}, pattern)), `url(#${id})`];
}

function titled(mark, words) {
  const title = drawing("title");
  title.append(words);
  mark.append(title);
  return mark;
}

function bar(row, { at, high }) {
  const [, what, ending] = row.cells;
  const isAttempt = what.startsWith("attempt") || what === "mentioned";
  const x = at(row.from_at);
  if (row.to_at === null && !isAttempt) {
    return drawing("path", { d: `M${x},3 l5,6 l-5,6 l-5,-6 z`, class: "wb-record" });
  }
  const width = Math.max(at(row.to_at ?? high) - x, 3);
  const ended = ending === "success" ? "wb-success" : FAILED.includes(ending) ? "wb-failed" : "wb-open";
  return drawing("rect", { x, y: 4, width, height: 10, rx: 1.5, class: isAttempt ? ended : "wb-record" });
}

function lane(row, unread, place, hatch) {
  const drawn = drawing("svg", { width: WIDTH, height: HEIGHT, role: "img", "aria-label": said(row, unread) });
  place.ticks.forEach((ms) => drawn.append(drawing("line", { x1: place.at(ms), x2: place.at(ms), y1: 0, y2: HEIGHT, class: "wb-tick" })));
  for (const [, from, to, cause] of unread) {
    const x = place.at(from);
    const mark = drawing("rect", { x, y: 1, width: Math.max(place.at(to) - x, 3), height: HEIGHT - 2, fill: hatch });
    drawn.append(titled(mark, `not captured: ${cause}`));
  }
  if (row.from_at === null) return drawn;
  if (row.waits_from_at !== null) {
    const line = { x1: place.at(row.waits_from_at), x2: place.at(row.from_at), y1: HEIGHT / 2, y2: HEIGHT / 2 };
    drawn.append(titled(drawing("line", { ...line, class: "wb-wait" }), row.cells[3]));
  }
  drawn.append(titled(bar(row, place), row.cells.slice(0, 3).filter(Boolean).join(", ")));
  return drawn;
}

// The same in words, for those who do not see the bars.
function said(row, unread) {
  const until = row.to_at === null ? "no end known" : `until ${clock(row.to_at, true)}`;
  const gaps = unread.map(([, from, to, cause]) => `; not captured from ${clock(from)} to ${clock(to)}: ${cause}`);
  return (row.from_at === null ? "instant not known" : until) + gaps.join("");
}

function stepRow(row, unread, place, hatch) {
  const [source, what, ending, waited, detail] = row.cells;
  const mark = { success: "✓ ", error: "✗ ", timeout: "✗ ", failure: "✗ " }[ending] ?? "";
  const cells = [row.from_at === null ? "-" : clock(row.from_at, true), source, what, mark + ending];
  const drawn = cells.map((text) => node("td", {}, text));
  drawn[1].style.paddingLeft = `${8 + row.depth * 18}px`;
  return node("tr", { tabindex: "-1", "aria-selected": "false", "data-step": row.step }, ...drawn,
    node("td", {}, lane(row, unread, place, hatch)), node("td", {}, waited), node("td", { class: "wb-detail" }, detail));
}

// Rows that the arrows walk over; Enter and a click choose one.
function walked(body, choose) {
  const rows = [...body.children];
  const go = (place) => {
    const there = rows[Math.max(0, Math.min(place, rows.length - 1))];
    rows.forEach((row) => { row.tabIndex = row === there ? 0 : -1; });
    there.focus();
  };
  if (rows.length) rows[0].tabIndex = 0;
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    go(rows.indexOf(row));
    choose(row);
  });
  body.addEventListener("keydown", (event) => {
    const now = rows.indexOf(document.activeElement);
    const there = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (event.key === "Enter" && now >= 0) choose(rows[now]);
    else if (there !== undefined) go(there);
    else return;
    event.preventDefault();
  });
}

function waterfall(model, hatch) {
  const drawn = node("div", { class: "wb-scroll" });
  const remarks = node("ul", { class: "wb-quiet", "aria-label": "What could not be told" });
  const [source, paintSource] = sourceLine("The same in Python", "");
  const all = node("div", {}, drawn, remarks, source);
  const paint = () => {
    const { rows = [], unread = [], remarks: told = [], beyond, call, key } = model.get("told");
    all.hidden = rows.length === 0;
    if (all.hidden) return;
    const place = scale(rows);
    const [grid, body] = table({ role: "grid", "aria-label": `Story of ${key}` }, COLUMNS);
    grid.querySelectorAll("th")[COLUMNS.indexOf("waterfall")].replaceChildren(axis(place));
    body.append(...rows.map((row) => stepRow(row, unread.filter(([step]) => step === row.step), place, hatch)));
    walked(body, (row) => model.send({ kind: "step", step: Number(row.dataset.step) }));
    drawn.replaceChildren(grid);
    const more = beyond ? [`and ${beyond} more steps, which the frame has`] : [];
    remarks.replaceChildren(...[...more, ...told].map((text) => node("li", {}, text)));
    remarks.hidden = remarks.childElementCount === 0;
    paintSource(call);
  };
  const mark = () => drawn.querySelectorAll("tbody tr").forEach((row) =>
    row.setAttribute("aria-selected", String(Number(row.dataset.step) === model.get("step"))));
  return [all, () => { paint(); mark(); }, mark];
}

function chooser(model) {
  const list = `wb-keys-${(hatches += 1)}`;
  const options = node("datalist", { id: list });
  const input = node("input", { type: "text", list, "aria-label": "Key", placeholder: "key, id of a record, or request id", spellcheck: "false" });
  const form = node("form", { class: "wb-bar" }, node("label", {}, "Key ", input), options);
  const ask = () => model.send({ kind: "key", key: input.value });
  const show = node("button", { type: "submit" }, "Show its story");
  const back = button("Everything again", () => model.send({ kind: "everything" }));
  form.append(show, back);
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  input.addEventListener("change", () => { if ([...options.children].some((each) => each.value === input.value)) ask(); });
  const paint = () => {
    options.replaceChildren(...model.get("suggestions").map((key) => node("option", { value: key })));
    back.hidden = model.get("step") === null;
  };
  const follow = () => { input.value = model.get("key"); };
  return [form, paint, follow];
}

function carried(model) {
  const title = node("h4");
  const facts = node("dl");
  const body = node("pre", { tabindex: "0" });
  const drawn = node("section", { "aria-label": "Payload" }, title, facts, body);
  return [drawn, () => {
    const payload = model.get("payload");
    drawn.hidden = payload.step === undefined;
    if (drawn.hidden) return;
    title.textContent = `Step ${payload.step}: the delivery behind it, selected in all views`;
    facts.replaceChildren(...payload.facts.flatMap(([name, value]) => [node("dt", {}, name), node("dd", {}, value)]));
    body.textContent = payload.body;
  }];
}

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-story" });
  const [patterns, hatch] = hatching();
  const [trouble, stopTrouble] = troubleLine(model);
  const [form, paintForm, follow] = chooser(model);
  const [steps, paintSteps, markStep] = waterfall(model, hatch);
  const [payload, paintPayload] = carried(model);
  root.append(patterns, form, trouble, steps, payload);
  el.append(root);
  keepKeys(root);
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || model.get("step") === null) return;
    model.send({ kind: "everything" });
    event.preventDefault();
  });
  const stops = [
    painted(model, ["suggestions", "step"], paintForm), painted(model, ["key"], follow), painted(model, ["told"], paintSteps),
    painted(model, ["step"], markStep), painted(model, ["payload"], paintPayload),
  ];
  return () => [...stops, stopTrouble].forEach((stop) => stop());
}

export default { render };
