// Inside the frame: tells the newsroom's page how tall it is, hands on what that page knows, and says when it was seen.
// Without this script the frame has the height that the page gives it, and its buttons work all the same.
const root = document.documentElement;
const main = document.querySelector("main");
const sites = (root.dataset.sites || "").split(" ").filter(Boolean);

const above = location.ancestorOrigins ? location.ancestorOrigins[0] : originOf(document.referrer);
const targets = above ? sites.filter((site) => site === above) : sites;

function originOf(address) {
  try { return new URL(address).origin; } catch { return ""; }
}

function tellHeight() {
  if (parent === window) return;
  const height = Math.ceil(main.getBoundingClientRect().height);
  for (const site of targets) parent.postMessage({ membership: "height", height }, site);
}
if (window.ResizeObserver) new ResizeObserver(tellHeight).observe(main);
addEventListener("load", tellHeight);
setTimeout(tellHeight, 1500); // the page's own script may have come later than the frame

// What the page knows comes in the fragment, which no server and no cache sees, or in a message; it goes on with a click only.
const KNOWN = ["title", "from", "first", "first_day", "campaign", "thanks",
  "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];
const links = [...document.querySelectorAll("a[data-carry]")].map((link) => [link, link.href]);

let told = location.hash.slice(1);
function knowing(href, names) {
  const said = new URLSearchParams(told);
  const address = new URL(href, location.href);
  let carried = address.searchParams.get("article");
  if (!carried) return address.href;
  for (const name of names) {
    const value = said.get(name);
    const more = value && `&${new URLSearchParams({ [name]: value.slice(0, 500) })}`;
    if (more && carried.length + more.length < 1900) carried += more;
  }
  address.searchParams.set("article", carried);
  return address.href;
}
function handOn() {
  for (const [link, href] of links) link.href = knowing(href, KNOWN);
  tellHeight();
}
addEventListener("message", (event) => {
  if (event.source !== parent || !sites.includes(event.origin) || !event.data || event.data.membership !== "visit") return;
  if (typeof event.data.said !== "string" || event.data.said.length > 4000) return;
  told = event.data.said;
  handOn();
});
handOn();

// Seen is: half of it was on the screen for a second. Counted as a number, once for this page.
if (main.dataset.seen && window.IntersectionObserver) {
  let waiting = 0;
  const watcher = new IntersectionObserver(([entry]) => {
    clearTimeout(waiting);
    tellHeight();
    if (entry.intersectionRatio < 0.5 || document.visibilityState === "hidden") return;
    waiting = setTimeout(() => {
      watcher.disconnect();
      new Image().src = knowing(main.dataset.seen, ["title"]);
    }, 1000);
  }, { threshold: [0, 0.5] });
  watcher.observe(main);
}
