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
  const asking = (name, kind) => button(name, () => {
    if (sources.value !== model.get("sources")) set("sources", sources.value);
    model.send({ kind });
  });
  const start = asking("Start", "start");
  const check = asking("Check", "check");
  const attach = asking("Look on", "attach");
  attach.title = "Shows a capture that another process runs into this trace";
  const [job, stopJob] = jobLine(model, "Stop");
  const said = node("p", { role: "status", class: "wb-quiet" });
  const into = node("code");
  const policy = node("pre", { tabindex: "0" });
  const needs = node("details", {}, node("summary", {}, "What it needs to be allowed (IAM)"), policy);
  const [call, paintCall] = sourceLine("The same in Python", "");
  const [verdict, verdictRows] = table({ "aria-label": "Preflight" }, model.get("checked_columns"));
  const checked = node("div", { class: "wb-scroll wb-checked", tabindex: "0", role: "region", "aria-label": "Preflight rows" }, verdict);
  const [drawn, body] = table({ "aria-label": "Progress by source" }, model.get("columns"));
  const progress = node("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": "Progress" }, drawn);
  root.append(trouble, node("div", { class: "wb-bar" }, node("label", {}, "Sources ", sources), "into", into),
    node("div", { class: "wb-bar" }, ...texts.map(([, , each]) => each), ...boxes.map(([, , each]) => each)),
    node("div", { class: "wb-bar" }, start, check, attach), job, said, progress, checked, needs, call);
  el.append(root);
  keepKeys(root);
  sources.addEventListener("keydown", (event) => { if (event.key === "Enter") start.focus(); });
  const quit = painted(model, ["path", "sources", "options", "checked", "policy", "call"], () => {
    if (document.activeElement !== sources) sources.value = model.get("sources");
    for (const [name, input] of texts) if (document.activeElement !== input) input.value = model.get("options")[name] ?? "";
    for (const [name, box] of boxes) box.checked = Boolean(model.get("options")[name]);
    into.textContent = model.get("path");
    checked.hidden = model.get("checked").length === 0;
    verdictRows.replaceChildren(...model.get("checked").map((cells) => node("tr", {}, ...cells.map((text) => node("td", {}, text)))));
    policy.textContent = model.get("policy");
    paintCall(model.get("call"));
  });
  // Apart, so that a policy can be read and copied while a capture goes on.
  const stopRows = painted(model, ["progress", "rows", "said"], () => {
    start.disabled = check.disabled = attach.disabled = model.get("progress").state === "running";
    said.textContent = model.get("said");
    const rows = model.get("rows");
    progress.hidden = rows.length === 0;
    body.replaceChildren(...rows.map((cells) => node("tr", {}, ...cells.map((text, at) => node("td", at ? { class: "wb-number" } : {}, text)))));
  });
  return () => { quit(); stopRows(); stopTrouble(); stopJob(); };
}

export default { render };
