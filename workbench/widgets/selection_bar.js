// Draws what all views have selected, with the way back to everything.

function render({ model, el }) {
  const root = node("div", { class: "wb-view wb-selection", role: "region", "aria-label": "Selection" });
  const [trouble, stopTrouble] = troubleLine(model);
  const [words, counts] = [node("b"), node("span", { "aria-live": "polite" })];
  const reset = button("Everything", () => model.send({ kind: "reset" }));
  const [source, paintSource] = sourceLine("SQL of what is selected", "");
  root.append(trouble, node("div", { class: "wb-bar" }, "Selected:", words, counts, reset), source);
  el.append(root);
  keepKeys(root);
  const stop = painted(model, ["selected_words", "counts", "statement"], () => {
    words.textContent = model.get("selected_words");
    counts.textContent = model.get("counts");
    reset.disabled = model.get("selected_words") === "everything";
    paintSource(model.get("statement"));
  });
  return () => { stop(); stopTrouble(); };
}

export default { render };
