// While a title is typed, the server's list of similar topics is shown beneath it. Without this script, or when anything
// fails, nothing is lost: the same list is shown once before the topic is sent.
for (const form of document.querySelectorAll("form[data-similar]")) {
  const title = form.elements.namedItem("title");
  const here = form.querySelector("[data-similar-here]");
  let waiting = 0;
  let asked = null;
  let shown = "";
  title.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 350);
  });
  async function ask() {
    const typed = title.value.trim();
    if (typed === shown) return;
    asked?.abort();
    asked = new AbortController();
    try {
      const address = `${form.dataset.similar}?${new URLSearchParams({ title: typed })}`;
      const answer = await fetch(address, { signal: asked.signal, credentials: "omit" });
      if (!answer.ok) return;
      here.innerHTML = await answer.text();
      shown = typed;
    } catch {
      // A hint that does not come is no hint.
    }
  }
}
