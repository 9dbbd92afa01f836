// All models that one may use.
import { breakable, fill, h, rowHead, table } from "../dom.js";
import { call, workflowUrl } from "../server.js";

const PAGE = 100;

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
    const rows = models.map((one) => [rowHead(h("a", { href: link(one) }, breakable(one.name))), h("td.title", { title: one.description }, one.description), one.mine ? "mine" : "shared with me", one.public ? "everybody" : one.groups.join(", ") || "nobody else", h("code", one.version.slice(0, 8))]);
    fill(
      list,
      table(["Model", "What it is", "Whose", "May be used by", "Version"], rows, { "aria-label": "Models" }),
      total > PAGE && h("nav.actions", { "aria-label": "Pages" }, h("span.quiet.small", `${offset + 1} to ${offset + models.length} of ${total}`), offset > 0 && h("button.plain", { type: "button", onclick: () => { offset -= PAGE; load(); } }, "Earlier"), offset + models.length < total && h("button.plain", { type: "button", onclick: () => { offset += PAGE; load(); } }, "More")),
    );
  }
  await load();
}
