// Draws a job alone, by the line that all panels with a job share.

function render({ model, el }) {
  const [line, stop] = jobLine(model);
  const root = node("section", { class: "wb-view", "aria-label": "Job" }, line);
  el.append(root);
  keepKeys(root);
  return stop;
}

export default { render };
