// All models that one may use.
import { breakable, fill, h, numberCell, numberHead, rowHead, table } from "../dom.js";
import { age, goodness } from "../format.js";
import { call, workflowUrl } from "../server.js";

const PAGE = 100;
const wide = (text) => h("th.wide", { scope: "col" }, text);

export async function show(view, _args, { signal }) {
  const list = h("div");
  fill(view, h("div.head", h("h1", "Models")), list);
  let offset = 0;
  async function load() {
    const answer = await call(workflowUrl("models", { offset, limit: PAGE }));
    const total = Number(answer.headers.get("X-Total-Count"));
    const models = await answer.json();
    if (signal.aborted) return;
    if (!models.length) {
      fill(list, h("div.panel.empty", "No model yet: the first run that is done makes one."));
      return;
    }
    const link = (one) => `#/models/${encodeURIComponent(one.name)}${one.mine ? "" : `/${encodeURIComponent(one.owner)}`}`;
    const rows = models.map((one) => [rowHead(h("a", { href: link(one) }, breakable(one.name))), h("td.title.wide", { title: one.description }, one.description), numberCell(goodness(one)), h("td.wide", one.learned || "–"), h("td.wide", one.framework || "–"), h("td.brief", { title: one.changed_at }, age(one.changed_at)), whose(one), h("td.wide", one.public ? "everybody" : one.groups.join(", ") || "nobody else"), h("td.wide", h("code", one.version.slice(0, 8)))]);
    fill(
      list,
      table(["Model", wide("What it is"), numberHead("Quality"), wide("Task"), wide("Framework"), h("th.brief", { scope: "col" }, "Changed"), "Whose", wide("May be used by"), wide("Version")], rows, { "aria-label": "Models" }),
      total > PAGE && h("nav.actions", { "aria-label": "Pages" }, h("span.quiet.small", `${offset + 1} to ${offset + models.length} of ${total}`), offset > 0 && h("button.plain", { type: "button", onclick: () => { offset -= PAGE; load(); } }, "Earlier"), offset + models.length < total && h("button.plain", { type: "button", onclick: () => { offset += PAGE; load(); } }, "More")),
    );
  }
  await load();
}

// Administrators see models that nobody shared with them.
function whose(one) {
  if (one.mine) return "mine";
  return one.public || one.groups.length ? "shared with me" : h("code.small", { title: "You see it as an administrator" }, one.owner.slice(0, 8));
}
