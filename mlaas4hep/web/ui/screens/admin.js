// For administrators: what waits, what could not be handled, and everybody's runs.
import { fill, h, notice, panel, table } from "../dom.js";
import { age, count, statusClass } from "../format.js";
import { get, runPage, send } from "../server.js";

export async function show(view, _args, { signal, again }) {
  const [runs, letters, queues] = await Promise.all([get("runs", { all: "true", limit: 100 }), get("admin/dead-letters"), get("admin/queues")]);
  if (signal.aborted) return;
  fill(view, h("div.head", h("h1", "Administration"), h("button.plain", { type: "button", onclick: again }, "Look again")), h("div.stack", functions(queues), dead(letters, again), everybody(runs)));
}

function functions(queues) {
  const rows = queues.map((one) => [h("th", { scope: "row" }, one.function), count(one.waiting), count(one.held), count(one.redelivered), health(one)]);
  return panel("Functions", rows.length ? table(["Function", "Wait", "In work", "Again", "State"], rows, { "aria-label": "Functions" }) : h("p.quiet", "Events are handled in one process: nothing waits."));
}

function health(one) {
  const state = one.redelivered > 0 ? ["failed", "repeats events"] : one.waiting > 0 ? ["running", "behind"] : ["done", "keeps up"];
  return h("span", { class: `tag ${state[0]}` }, state[1]);
}

function dead(letters, again) {
  const retry = async (one) => {
    try {
      notice((await send("POST", `admin/dead-letters/${one.sequence}/retry`)).outcome);
      again();
    } catch (error) {
      if (error.status !== 401) notice(error.message);
    }
  };
  const rows = letters.map((one) => [h("th", { scope: "row" }, one.run ? h("a", { href: runPage(one.run, { owner: one.owner }) }, one.run) : "–"), h("code.small", one.owner.slice(0, 8)), one.function, h("span", { title: one.event }, one.reason || "nobody said why"), h("button.plain", { type: "button", onclick: () => retry(one), "aria-label": `Try ${one.run || one.sequence} again` }, "Try again")]);
  return panel(`Events that could not be handled (${count(letters.length)})`, rows.length ? table(["Run", "Owner", "Function", "Why", h("td", { "aria-hidden": "true" })], rows, { "aria-label": "Dead letters" }) : h("p.quiet", "None."));
}

function everybody(runs) {
  const rows = runs.runs.map((one) => [h("th", { scope: "row" }, h("a", { href: runPage(one.name, { owner: one.owner }) }, one.name)), h("code.small", one.owner.slice(0, 8)), h("span", { class: `tag ${statusClass(one.status)}` }, one.status), one.title || "–", age(one.created_at), one.problem ? one.problem.message : "–"]);
  return panel(`Everybody's runs (${count(runs.total)})`, table(["Run", "Owner", "Status", "Title", "Started", "Problem"], rows, { "aria-label": "Everybody's runs" }));
}
