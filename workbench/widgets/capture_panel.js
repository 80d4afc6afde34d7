// Draws the capture panel: what it is asked for and needs, how far it is. It begins when somebody presses Start.

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-capture" });
  const [trouble, stopTrouble] = troubleLine(model);
  const set = (name, value) => { model.set(name, value); model.save_changes(); };
  const option = (name, value) => set("options", { ...model.get("options"), [name]: value });
  const sources = node("input", { type: "text", size: "44", placeholder: "kinesis:orders lambda:charge", spellcheck: "false" });
  sources.addEventListener("change", () => set("sources", sources.value));
  const texts = [["since", "Since", "2h"], ["profile", "Profile", ""], ["region", "Region", ""], ["endpoint_url", "Endpoint", "AWS"]].map(([name, label, hint]) => {
    const input = node("input", { type: "text", size: "10", placeholder: hint, spellcheck: "false" });
    input.addEventListener("change", () => option(name, input.value));
    return [name, input, node("label", {}, `${label} `, input)];
  });
  const boxes = [["follow", "Follow"], ["peek", "Peek queues (hides messages a moment)"]].map(([name, label]) => {
    const box = node("input", { type: "checkbox" });
    box.addEventListener("change", () => option(name, box.checked));
    return [name, box, node("label", {}, box, ` ${label}`)];
  });
  const start = button("Start", () => { if (sources.value !== model.get("sources")) set("sources", sources.value); model.send({ kind: "start" }); });
  const stop = button("Stop", () => model.send({ kind: "stop" }));
  const said = node("span", { role: "status" });
  const into = node("code");
  const policy = node("pre", { tabindex: "0" });
  const needs = node("details", {}, node("summary", {}, "What it needs to be allowed (IAM)"), policy);
  const [call, paintCall] = sourceLine("The same in Python", "");
  const [drawn, body] = table({ "aria-label": "Progress by source" }, model.get("columns"));
  const progress = node("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": "Progress" }, drawn);
  root.append(trouble, node("div", { class: "wb-bar" }, node("label", {}, "Sources ", sources), "into", into),
    node("div", { class: "wb-bar" }, ...texts.map(([, , each]) => each), ...boxes.map(([, , each]) => each)),
    node("div", { class: "wb-bar" }, start, stop, said), progress, needs, call);
  el.append(root);
  keepKeys(root);
  sources.addEventListener("keydown", (event) => { if (event.key === "Enter") start.focus(); });
  const quit = painted(model, ["path", "sources", "options", "running", "rows", "said", "policy", "call"], () => {
    if (document.activeElement !== sources) sources.value = model.get("sources");
    for (const [name, input] of texts) if (document.activeElement !== input) input.value = model.get("options")[name] ?? "";
    for (const [name, box] of boxes) box.checked = Boolean(model.get("options")[name]);
    into.textContent = model.get("path");
    start.disabled = model.get("running");
    stop.disabled = !model.get("running");
    said.textContent = model.get("said");
    policy.textContent = model.get("policy");
    paintCall(model.get("call"));
    const rows = model.get("rows");
    progress.hidden = rows.length === 0;
    body.replaceChildren(...rows.map((cells) => node("tr", {}, ...cells.map((text, at) => node("td", at ? { class: "wb-number" } : {}, text)))));
  });
  return () => { quit(); stopTrouble(); };
}

export default { render };
