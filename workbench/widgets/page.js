// What the pages of all views share. Whatever came over the wire was chosen by whoever could put a message on a queue:
// it becomes text nodes and nothing else. This file stands in front of each view's own.

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function table(attributes, columns) {
  const body = node("tbody");
  const head = node("tr", {}, ...columns.map((column) => node("th", { scope: "col" }, column)));
  return [node("table", attributes, node("thead", {}, head), body), body];
}

function button(name, press) {
  const made = node("button", { type: "button" }, name);
  made.addEventListener("click", press);
  return made;
}

// A notebook takes letters that reach it for commands: it would add a cell, or cut one.
function keepKeys(root) {
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
}

// Calls `paint` now and whenever one of the traits changes, until the view goes.
function painted(model, traits, paint) {
  const changes = traits.map((trait) => `change:${trait}`).join(" ");
  model.on(changes, paint);
  paint();
  return () => model.off(changes, paint);
}

// The line that says what went wrong; a view puts it first.
function troubleLine(model) {
  const line = node("p", { role: "alert", class: "wb-error" });
  return [line, painted(model, ["trouble"], () => {
    line.textContent = model.get("trouble");
    line.hidden = !line.textContent;
  })];
}

// What gives the same without the page, with a button that copies it.
function sourceLine(title, text) {
  const code = node("code", {}, text);
  const copy = button("Copy", () => navigator.clipboard?.writeText(code.textContent));
  const drawn = node("details", { class: "wb-source" }, node("summary", {}, title), copy, node("pre", { tabindex: "0" }, code));
  return [drawn, (changed) => { code.textContent = changed; }];
}

// A job: the button that stops it, how far it is, why it failed. What it says changes ten times a second, which nobody
// wants read out: a screen reader is told its state alone.
function jobLine(model, stopName = "Cancel") {
  const stop = button(stopName, () => model.send({ kind: "cancel" }));
  const bar = node("progress", { "aria-label": "Progress" });
  const [title, state, figures] = [node("b"), node("span", { role: "status" }), node("span")];
  const error = node("p", { role: "alert", class: "wb-error" });
  const drawn = node("div", { class: "wb-job" },
    node("div", { class: "wb-bar" }, stop, title, bar, node("span", {}, state, figures)), error);
  return [drawn, painted(model, ["progress"], () => {
    const now = model.get("progress");
    const running = now.state === "running";
    drawn.hidden = now.state === undefined;
    stop.disabled = !running;
    bar.hidden = !running;
    if (running && now.total) { bar.max = now.total; bar.value = now.done; } else bar.removeAttribute("value");
    title.textContent = now.title ?? "";
    if (state.textContent !== (now.state ?? "")) state.textContent = now.state ?? "";
    figures.textContent = now.figures ?? "";
    error.textContent = now.error ?? "";
    error.hidden = !now.error;
  })];
}
