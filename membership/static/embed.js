// For the newsroom's own pages: puts the appeal (or a ballot) where `data-membership` stands, and keeps its height right.
//   <script src="https://MEMBERS/embed.js" defer></script>
//   <div data-membership="appeal"><a href="https://MEMBERS/join">Become a patron</a></div>
// It needs no cookie and asks for nothing but the frame. What it keeps stays in this site's own storage: the first article
// under which this browser met an appeal, and the mark with which a patron came back. Neither says who somebody is.
(() => {
  "use strict";
  const base = new URL(document.currentScript.src).origin;
  const SLOT = "membership-embed";
  const DAYS = 90;
  const frames = [];
  const untold = new Set();

  function kept() {
    try { return JSON.parse(localStorage.getItem(SLOT)) || {}; } catch { return {}; }
  }
  function keep(more) {
    try { localStorage.setItem(SLOT, JSON.stringify({ ...kept(), ...more })); } catch { /* storage may be switched off */ }
  }

  // A patron comes back from us with a mark behind the #: it is kept here and taken out of the address.
  const mark = /(?:^#|&)membership-patron=([\w.-]{1,80})/.exec(location.hash);
  if (mark) {
    keep({ patron: mark[1] });
    const rest = location.hash.replace(mark[0], "").replace(/^&/, "#");
    history.replaceState(history.state, "", location.pathname + location.search + (rest === "#" ? "" : rest));
  }

  function article() {
    const canonical = document.querySelector("link[rel=canonical]");
    const address = new URL((canonical && canonical.href) || location.href);
    return address.origin + address.pathname;
  }

  // What the page knows about this visit, for the fragment of the frame's address: the server never sees it before a click.
  function visit(here) {
    const said = new URLSearchParams();
    const put = (name, value) => { if (value) said.set(name, String(value).slice(0, 300)); };
    const title = document.querySelector("meta[property='og:title']");
    put("title", (title && title.content) || document.title);
    try {
      const from = new URL(document.referrer).host;
      if (from !== location.host && from !== new URL(base).host) put("from", from);
    } catch { /* nobody led here */ }
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (/^utm_(source|medium|campaign|content|term)$|^(campaign|thanks)$/.test(name)) put(name, value);
    }
    const today = new Date().toISOString().slice(0, 10);
    let { first, day } = kept();
    if (!first || !(Date.parse(today) - Date.parse(day) < DAYS * 864e5)) {
      [first, day] = [here, today];
      keep({ first, day });
    }
    put("first", first);
    put("first_day", day);
    return said;
  }

  function addressOf(kind, place) {
    const here = place.dataset.article || article();
    const asked = new URLSearchParams({ article: here });
    const language = place.dataset.language || document.documentElement.lang;
    if (language) asked.set("lang", language);
    const { patron } = kept();
    if (patron) asked.set("patron", patron);
    return `${base}/embed/${kind}?${asked}#${visit(here)}`;
  }

  function put(place) {
    const kind = place.dataset.membership;
    if (!/^(appeal|ballot\/[\w-]+|goal\/[\w-]+)$/.test(kind)) return;
    const frame = document.createElement("iframe");
    frame.title = place.dataset.title || (place.textContent || "").trim().slice(0, 100) || "Membership";
    frame.src = addressOf(kind, place);
    frame.loading = "lazy";
    Object.assign(frame.style, { width: "100%", border: "0", display: "block", height: "26rem", colorScheme: "normal" });
    place.replaceChildren(frame);
    frames.push(frame);
  }

  addEventListener("message", (event) => {
    if (event.origin !== base || !event.data || event.data.membership !== "height") return;
    const frame = frames.find((one) => one.contentWindow === event.source);
    const { height } = event.data;
    if (!frame || !Number.isInteger(height) || height < 40 || height > 4000) return;
    frame.style.height = `${height}px`;
    // A frame that stood in the page already has not heard of this visit: it is told once, and not loaded anew for it.
    if (untold.delete(frame)) event.source.postMessage({ membership: "visit", said: `${visit(article())}` }, base);
  });

  document.querySelectorAll("[data-membership]").forEach(put);
  // A frame that stands in the page already is left as it is, unless a patron is to be thanked in it.
  for (const frame of document.querySelectorAll("iframe")) {
    if (frames.includes(frame) || !frame.src.startsWith(`${base}/embed/`)) continue;
    const { patron } = kept();
    const address = new URL(frame.src);
    let shown = frame;
    if (patron && address.pathname === "/embed/appeal") {
      // Another page in a frame that is still loading may lose against the first one: a new frame has no first one.
      shown = frame.cloneNode();
      address.searchParams.set("patron", patron);
      shown.src = address.href;
      frame.replaceWith(shown);
    }
    frames.push(shown);
    untold.add(shown);
  }
})();
