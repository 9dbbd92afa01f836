// For administrators: what waits, what could not be handled, and everybody's runs.
import { breakable, fill, h, notice, panel, problem, rowHead, table } from "../dom.js";
import { age, count, statusClass } from "../format.js";
import { get, runPage, send } from "../server.js";

export async function show(view, _args, { signal, again }) {
  const [letters, queues, me] = await Promise.all([get("admin/dead-letters"), get("admin/queues"), get("me")]);
  if (signal.aborted) return;
  const pageOf = (name, owner) => runPage(name, owner === me.owner ? {} : { owner }); // one's own can be changed
  fill(view, h("div.head", h("h1", "Administration"), h("button.plain", { type: "button", onclick: again }, "Look again")), h("div.stack", functions(queues), dead(letters, pageOf, again), everybody(pageOf, signal)));
}

function functions(queues) {
  const rows = queues.map((one) => [rowHead(one.function), count(one.waiting), count(one.held), count(one.redelivered), health(one)]);
  return panel("Functions", rows.length ? table(["Function", "Wait", "In work", "Again", "State"], rows, { "aria-label": "Functions" }) : h("p.quiet", "Events are handled in one process: nothing waits."));
}

function health(one) {
  const state = one.redelivered > 0 ? ["failed", "repeats events"] : one.waiting > 0 ? ["running", "behind"] : ["done", "keeps up"];
  return h("span", { class: `tag ${state[0]}` }, state[1]);
}

function dead(letters, pageOf, again) {
  const retry = async (one) => {
    try {
      notice((await send("POST", `admin/dead-letters/${one.sequence}/retry`)).outcome);
      again();
    } catch (error) {
      if (error.status !== 401) notice(error.message);
    }
  };
  const rows = letters.map((one) => [rowHead(one.run ? h("a", { href: pageOf(one.run, one.owner) }, one.run) : "–"), h("code.small", one.owner.slice(0, 8)), one.function, h("td.told", { title: one.event }, one.reason || "nobody said why"), h("button.plain", { type: "button", onclick: () => retry(one), "aria-label": `Try ${one.run || one.sequence} again` }, "Try again")]);
  return panel(`Events that could not be handled (${count(letters.length)})`, rows.length ? table(["Run", "Owner", "Function", "Why", ""], rows, { "aria-label": "Dead letters" }) : h("p.quiet", "None."));
}

const PAGE = 100;

function everybody(pageOf, signal) {
  const list = h("div", h("p.quiet", { "aria-busy": "true" }, "Loading…"));
  const asked = { q: "", offset: 0 };
  let timer;
  let questions = 0; // an answer that comes after that to a later question is not shown
  const turn = (by) => h("button.plain", { type: "button", onclick: () => load({ offset: asked.offset + by }) }, by < 0 ? "Newer" : "Older");
  async function load(changes) {
    Object.assign(asked, changes);
    const question = ++questions;
    const found = await get("runs", { ...asked, all: "true", limit: PAGE }).catch((error) => error);
    if (signal.aborted || question !== questions || found.status === 401) return;
    if (found instanceof Error) {
      fill(list, problem(found));
      return;
    }
    const last = found.offset + found.runs.length;
    fill(list, table(["Run", "Owner", "Status", "Title", "Started", "Problem"], found.runs.map((one) => row(one, pageOf)), { "aria-label": "Everybody's runs" }), h("nav.actions", { "aria-label": "Pages" }, h("span.quiet.small", found.total ? `${found.offset + 1} to ${last} of ${count(found.total)}` : "none"), found.offset > 0 && turn(-PAGE), last < found.total && turn(PAGE)));
  }
  const search = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => load({ q: event.target.value, offset: 0 }), 180);
  };
  load({});
  return h("section.panel", h("div.head", h("h2", "Everybody's runs"), h("div.filters", h("label", "Find", h("input", { type: "search", placeholder: "name or title", oninput: search })))), list);
}

function row(one, pageOf) {
  return [
    rowHead(h("a", { href: pageOf(one.name, one.owner) }, breakable(one.name))),
    h("code.small", one.owner.slice(0, 8)),
    h("span", { class: `tag ${statusClass(one.status)}` }, one.status),
    h("td.title", { title: one.title || undefined }, one.title || "–"),
    h("td.brief", age(one.created_at)),
    h("td.told", one.problem ? one.problem.message : "–"),
  ];
}
