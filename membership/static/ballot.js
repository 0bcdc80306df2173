// An extra for the ballot's form, which works without it: a draft kept in this browser, a running sum of days, and a ranking
// that can be dragged. Nothing of what is chosen leaves the page before it is cast.
(() => {
  "use strict";
  const done = document.querySelector("[data-cast]");
  if (done) {
    try { localStorage.removeItem(done.dataset.cast); } catch { /* storage is switched off */ }
    return;
  }
  const form = document.querySelector("#vote");
  if (!form) return;
  const words = form.dataset;
  const key = words.draft;
  const fields = [...form.querySelectorAll("input[name=choice], input[name^='rank-'], input[name^='score-']")];
  const isTick = (field) => field.type === "checkbox" || field.type === "radio";
  const tell = new Event("change", { bubbles: true });

  const draft = () => fields.filter((field) => (isTick(field) ? field.checked : field.value))
    .map((field) => [field.name, field.value]);
  const write = (name, value) => fields.forEach((field) => {
    if (field.name !== name) return;
    if (isTick(field)) { if (field.value === value) field.checked = true; } else field.value = value;
  });

  const before = (() => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } })();
  const untouched = !draft().some(([name, value]) => !name.startsWith("score-") || value !== "0");
  if (Array.isArray(before) && before.length && untouched && !document.querySelector("#errors")) {
    before.forEach(([name, value]) => write(name, value));
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.setAttribute("role", "status");
    notice.textContent = words.kept + " ";
    const forget = document.createElement("button");
    forget.type = "button";
    forget.className = "plain in-line";
    forget.textContent = words.forget;
    forget.addEventListener("click", () => { localStorage.removeItem(key); location.reload(); });
    notice.append(forget);
    form.before(notice);
  }

  let begun = false;
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  function changed() {
    try { localStorage.setItem(key, JSON.stringify(draft())); } catch { /* storage is switched off */ }
    if (!begun) {
      begun = true;
      const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
      fetch("/ballots/" + words.ballot + "/beginning", { method: "POST", body, keepalive: true }).catch(() => {});
    }
    show();
  }

  const running = form.querySelector("[data-running]");
  let ranking = null;
  function show() {
    if (running) {
      const sum = fields.filter((field) => field.checked).reduce((days, field) => days + Number(field.dataset.cost), 0);
      running.hidden = false;
      running.textContent = words.sum.replace("{sum}", sum).replace("{budget}", words.budget);
      running.classList.toggle("over", sum > Number(words.budget));
    }
    if (ranking) list();
  }

  const ranked = () => fields.filter((field) => field.value).sort((a, b) => Number(a.value) - Number(b.value));
  const title = (field) => form.querySelector(`label[for="${field.id}"]`).textContent.trim();
  function settle(order) {
    fields.forEach((field) => { field.value = ""; });
    order.slice(0, Number(words.most)).forEach((field, place) => { field.value = String(place + 1); });
    form.dispatchEvent(tell);
  }
  function move(field, to) {
    const order = ranked().filter((one) => one !== field);
    if (to !== null) order.splice(Math.max(0, to), 0, field);
    const pressed = document.activeElement.getAttribute("aria-label");
    settle(order);
    // The list was written anew: whoever pressed a button by keyboard stands on the same button again, or beside it.
    const about = [...form.querySelectorAll("button[aria-label]")].filter((one) => one.ariaLabel.endsWith(": " + title(field)));
    if (pressed && about.length) (about.find((one) => one.ariaLabel === pressed) || about[0]).focus();
  }
  function press(text, about, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = text;
    button.setAttribute("aria-label", text + ": " + about);
    button.addEventListener("click", act);
    return button;
  }
  let held = null;
  function list() {
    const order = ranked();
    ranking.hidden = order.length === 0;
    ranking.querySelector("ol").replaceChildren(...order.map((field, place) => {
      const line = document.createElement("li");
      const moves = document.createElement("span");
      line.draggable = true;
      line.textContent = title(field) + " ";
      moves.className = "moves";
      if (place > 0) moves.append(press(words.up, title(field), () => move(field, place - 1)));
      if (place < order.length - 1) moves.append(press(words.down, title(field), () => move(field, place + 1)));
      moves.append(press(words.out, title(field), () => move(field, null)));
      line.append(moves);
      line.addEventListener("dragstart", (event) => {
        held = field;
        line.classList.add("dragged");
        event.dataTransfer.setData("text/plain", "");
      });
      line.addEventListener("dragend", () => { held = null; line.classList.remove("dragged"); });
      line.addEventListener("dragover", (event) => { if (held) event.preventDefault(); });
      line.addEventListener("drop", (event) => { event.preventDefault(); if (held) move(held, place); });
      return line;
    }));
  }
  if (words.asked === "ranks") {
    ranking = document.createElement("section");
    ranking.className = "ranking";
    ranking.setAttribute("aria-live", "polite");
    const head = document.createElement("p");
    head.textContent = words.mine;
    ranking.append(head, document.createElement("ol"));
    form.querySelector(".ticks").before(ranking);
    fields.forEach((field) => {
      const moves = document.createElement("span");
      moves.className = "moves";
      moves.append(press(words.add, title(field), () => move(field, ranked().filter((one) => one !== field).length)));
      field.parentElement.append(moves);
    });
  }
  show();
})();
