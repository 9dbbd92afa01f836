// All runs: filtered, sorted, compared.
import { breakable, fill, h, notice, numberCell, problem, rowHead } from "../dom.js";
import { age, duration, goodness, isFinal, number, statusClass } from "../format.js";
import { get } from "../server.js";

const PAGE = 50;
const COLUMNS = [["Run", "name"], ["Status", "status"], ["Title", ""], ["Task", ""], ["Framework", ""], ["Quality", ""], ["Loss", ""], ["Started", "created_at"], ["Took", "seconds"]];

export async function show(view, _args, { signal, query }) {
  const state = {
    q: query.get("q") || "",
    status: query.get("status") || "",
    sort: query.get("sort") || "-created_at",
    offset: Number(query.get("offset") || 0),
  };
  const chosen = new Set();
  const list = h("div", h("p.quiet", "Loading…"));
  const compare = h("a.plain", { role: "button", hidden: true }, "Compare two");
  const search = h("input", { type: "search", value: state.q, placeholder: "name or title", oninput: (event) => change({ q: event.target.value, offset: 0 }) });
  const status = h("select", { onchange: (event) => change({ status: event.target.value, offset: 0 }) });
  let timer;
  let questions = 0; // an answer to another question than the latest is not shown, and puts none off

  const options = (values) => fill(status, values.map((one) => h("option", { value: one, selected: one === state.status }, one || "any")));
  options(["", "done", "failed", "cancelled"].concat(state.status && !["done", "failed", "cancelled"].includes(state.status) ? [state.status] : []));

  fill(
    view,
    h("div.head", h("h1", "Runs"), h("div.actions", compare, h("a", { role: "button", href: "#/new" }, "New run"))),
    h("div.filters", h("label", "Find", search), h("label", "Status", status)),
    list,
  );

  function change(changes) {
    Object.assign(state, changes);
    questions += 1;
    clearTimeout(timer);
    timer = setTimeout(load, 180);
  }

  function choose(name, on) {
    if (on) chosen.add(name);
    else chosen.delete(name);
    compare.hidden = chosen.size !== 2;
    const [one, two] = chosen;
    if (chosen.size === 2) compare.setAttribute("href", `#/compare/${encodeURIComponent(one)}/${encodeURIComponent(two)}`);
    else compare.removeAttribute("href");
    if (chosen.size > 2) notice("Two runs can be compared");
  }

  function head([text, key]) {
    const classes = `th${["Quality", "Loss", "Took"].includes(text) ? ".number" : ""}${["Title", "Task", "Framework", "Loss", "Took"].includes(text) ? ".wide" : ""}${text === "Started" ? ".brief" : ""}`;
    if (!key) return h(classes, { scope: "col" }, text);
    const [turned, here] = [state.sort === `-${key}`, state.sort.replace("-", "") === key];
    const next = turned ? key : `-${key}`;
    const sort = here ? (turned ? "descending" : "ascending") : undefined;
    return h(classes, { scope: "col", "aria-sort": sort }, h("button.sort", { type: "button", onclick: () => change({ sort: next, offset: 0 }) }, text, here ? (turned ? " ↓" : " ↑") : ""));
  }

  function row(run) {
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${run.name}`, onchange: (event) => choose(run.name, event.target.checked) });
    box.checked = chosen.has(run.name);
    return h(
      "tr",
      h("td", box),
      rowHead(h("a", { href: `#/runs/${encodeURIComponent(run.name)}` }, breakable(run.name))),
      h("td", h("span", { class: `tag ${statusClass(run.status)}` }, run.status)),
      h("td.title.wide", { title: run.title || undefined }, run.title || (run.problem ? run.problem.message : "")),
      h("td.wide", run.learned || run.task),
      h("td.wide", run.framework || "–"),
      numberCell(goodness(run)),
      h("td.number.wide", number(run.metrics.loss ?? null, 4)),
      h("td.brief", { title: run.created_at }, age(run.created_at)),
      h("td.number.wide", duration(run.seconds)),
    );
  }

  async function load() {
    const question = ++questions;
    let found;
    try {
      found = await get("runs", { ...state, limit: PAGE });
    } catch (error) {
      if (signal.aborted || question !== questions || error.status === 401) return;
      fill(list, problem(error));
      if (!error.status || error.status >= 500) timer = setTimeout(load, 5000);
      return;
    }
    if (signal.aborted || question !== questions) return;
    if (!found.total) {
      const filtered = state.q || state.status;
      fill(list, h("div.panel.empty", filtered ? "No run fits." : h("p", "No run yet. ", h("a", { href: "#/new" }, "Start the first one"), " from a folder with files.txt and model.py.")));
    } else {
      fill(
        list,
        h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Runs" }, h("table", h("thead", h("tr", h("td"), COLUMNS.map(head))), h("tbody", found.runs.map(row)))),
        pages(found),
      );
    }
    clearTimeout(timer);
    if (found.runs.some((run) => !isFinal(run))) timer = setTimeout(load, 3000);
  }

  function pages(found) {
    const last = Math.min(found.offset + found.runs.length, found.total);
    return h(
      "nav.actions",
      { "aria-label": "Pages" },
      h("span.quiet.small", `${found.offset + 1} to ${last} of ${found.total}`),
      found.offset > 0 && h("button.plain", { type: "button", onclick: () => change({ offset: Math.max(0, found.offset - PAGE) }) }, "Newer"),
      last < found.total && h("button.plain", { type: "button", onclick: () => change({ offset: last }) }, "Older"),
    );
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  await load();
}
