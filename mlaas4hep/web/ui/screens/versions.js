// The versions of one model: which is served, what names mean, and the way back to an earlier one.
import { confirmed, fill, h, notice, panel, rowHead, table } from "../dom.js";
import { age, goodness } from "../format.js";
import { get, send } from "../server.js";

/** Return a panel that shows what there is, and lets the owner change it. */
export async function versions(path, of, mine) {
  const list = h("div");
  const show = (found) => fill(list, table(["Version", "Stored", "From run", "Quality", "Names", mine && ""].filter((one) => one !== false), found.map((one) => row(path, one, mine, change)), { "aria-label": "Versions" }));
  async function change(act, told) {
    try {
      await act();
      notice(told);
      show(await get(`${path}/versions`, of));
    } catch (error) {
      if (error.status !== 401) notice(error.message);
    }
  }
  show(await get(`${path}/versions`, of));
  return panel("Versions", list);
}

function row(path, one, mine, change) {
  const short = one.version.slice(0, 8);
  const cells = [
    rowHead(h("code", { title: one.version }, short)),
    h("span", { title: one.stored_at }, age(one.stored_at)),
    one.provenance.trained_as,
    goodness({ metrics: Object.fromEntries(one.provenance.metrics), learned: one.provenance.task }),
    [one.served && h("span.tag.done", "served"), " ", one.aliases.join(", ")],
  ];
  if (mine) cells.push(h("div.actions", !one.served && back(path, one, short, change), naming(path, one, short, change)));
  return cells;
}

function back(path, one, short, change) {
  const ask = async () => {
    if (await confirmed(`Serve version ${short} from now on?`, "Serve it")) change(() => send("POST", `${path}/versions/${encodeURIComponent(one.version)}/serve`), `${short} is served`);
  };
  return h("button.plain", { type: "button", onclick: ask, "aria-label": `Serve ${short}` }, "Serve");
}

function naming(path, one, short, change) {
  const name = h("input", { type: "text", size: "10", placeholder: "production", "aria-label": `Name for ${short}` });
  const save = (event) => {
    event.preventDefault();
    const alias = name.value.trim();
    if (alias) change(() => send("PUT", `${path}/aliases/${encodeURIComponent(alias)}`, { version: one.version }), `${alias} means ${short}`);
  };
  return h("form.inline", { onsubmit: save }, name, h("button.plain", { type: "submit", "aria-label": `Name ${short}` }, "Name it"));
}
