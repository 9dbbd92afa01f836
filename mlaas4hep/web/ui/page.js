// The frame: which screen an address means, and who is signed in.
import { fill, h, problem } from "./dom.js";
import { signIn } from "./screens/signin.js";
import { unreachable } from "./server.js";

const SCREENS = [
  [/^\/runs$/, () => import("./screens/runs.js"), "Runs"],
  [/^\/runs\/([^/]+)(?:\/(data|quality|try))?$/, () => import("./screens/run.js"), "Run"],
  [/^\/compare\/([^/]+)\/([^/]+)$/, () => import("./screens/compare.js"), "Compare"],
  [/^\/models$/, () => import("./screens/models.js"), "Models"],
  [/^\/models\/([^/]+)(?:\/([^/]+))?$/, () => import("./screens/model.js"), "Model"],
  [/^\/new$/, () => import("./screens/newrun.js"), "New run"],
  [/^\/admin$/, () => import("./screens/admin.js"), "Administration"],
  [/^\/me$/, () => import("./screens/me.js"), "Me"],
];

const main = document.getElementById("main");
let leaving = new AbortController();
let shown = "";

async function show() {
  const [path, query] = (location.hash.slice(1) || "/runs").split("?");
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  mark(path);
  const [match, load, title] = find(path);
  if (!match) {
    fill(main, h("h1", "There is no such page"), h("p", h("a", { href: "#/runs" }, "To the runs")));
    return;
  }
  const args = match.slice(1).map((part) => (part === undefined ? "" : decodeURIComponent(part)));
  document.title = args[0] ? `${args[0]} – MLaaS4HEP` : `${title} – MLaaS4HEP`;
  const moved = shown !== path;
  shown = path;
  try {
    const view = h("div", h("p.quiet", { "aria-busy": "true" }, "Loading…"));
    const screen = await load().catch(() => Promise.reject(unreachable()));
    if (signal.aborted) return;
    if (moved) fill(main, view);
    else main.replaceChildren(view);
    const asked = new URLSearchParams(query);
    await screen.show(view, args, { signal, query: asked, whose: whoseIn(asked), again: show });
  } catch (error) {
    if (signal.aborted || error.status === 401) return;
    fill(main, problem(error), h("div.actions", !error.status && h("button.plain", { type: "button", onclick: show }, "Try again"), h("a", { href: "#/runs" }, "To the runs")));
  }
}

// Whose run it is that an administrator looks at: what to ask with; nothing for one's own.
function whoseIn(query) {
  return query.has("owner") ? { owner: query.get("owner") } : {};
}

function find(path) {
  for (const [pattern, load, title] of SCREENS) {
    const match = pattern.exec(path);
    if (match) return [match, load, title];
  }
  return [];
}

function mark(path) {
  for (const link of document.querySelectorAll("#nav a")) {
    const here = path.startsWith(link.getAttribute("href").slice(1)) || (path.startsWith("/compare") && link.hash === "#/runs");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", () => {
  show().then(() => main.focus({ preventScroll: false }));
});
addEventListener("signed-out", ({ detail }) => {
  if (leaving.signal.aborted) return; // of several calls that were refused, the first has told it
  leaving.abort();
  shown = "";
  signIn(main, () => show().then(() => main.focus()), detail);
});
// A screen that could not be shown is asked for again; what somebody has typed into another stays.
addEventListener("online", () => main.querySelector(":scope > .problem") && show());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
show();
