// While an appeal is written, the server's preview of it is shown beside the form. Without this script there is a button.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const here = document.querySelector("[data-preview-here]");
  let waiting = 0;
  let asked = null;
  form.querySelector("[data-look]")?.remove();
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 250);
  });
  async function look() {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form), signal: asked.signal });
      if (answer.ok) here.innerHTML = await answer.text();
    } catch {
      // The next letter asks again.
    }
  }
}
