// One model: what it takes, where it comes from, who may use it.
import { confirmed, figures, fill, h, notice, numberCell, numberHead, panel, problem, rowHead, table } from "../dom.js";
import { age, count, measured, number } from "../format.js";
import { ask, download, get, predictUrl, send, token, workflowUrl } from "../server.js";
import { form } from "./tryit.js";
import { versions } from "./versions.js";

export async function show(view, [name, owner], context) {
  const { signal } = context;
  const path = `models/${encodeURIComponent(name)}`;
  const of = owner ? { owner } : {};
  const model = await get(path, of);
  const named = [owner, name].filter(Boolean).map(encodeURIComponent).join("/");
  const [card, { version: served }] = await Promise.all([ask(`models/${named}`).catch((error) => error), get(`${path}/card`, of)]);
  const made = served.provenance.trained_as; // another name than the model's, if that was promoted
  const run = owner || !made ? null : await get(`runs/${encodeURIComponent(made)}`).catch(() => null);
  const kept = await versions(path, of, model.mine);
  if (signal.aborted) return;
  const trial = h("section");
  fill(
    view,
    h(
      "div.head",
      h("div.title", h("h1", model.name), h("span.quiet", model.description)),
      h(
        "div.actions",
        h("a.plain", { role: "button", href: predictUrl("netron/", { model: owner ? `${owner}/${name}` : name }), target: "_blank", rel: "noopener", onclick: signed }, "Graph"),
        h("button.plain", { type: "button", onclick: () => download(workflowUrl(`${path}/bundle`, { ...of, through: 1 }), `${name}.tar.gz`).catch((error) => notice(error.message)) }, "Download"),
        model.mine && h("button.danger", { type: "button", onclick: () => remove(path, name) }, "Delete"),
      ),
    ),
    h("div.stack", panel("", cardOf(model, card, run)), kept, h("div.grid2", inputsOf(card, run), model.mine && sharing(model, path), origin(served.provenance), files(model)), trial),
  );
  await form(trial, name, owner, context, run ? run.name : "");
}

// A page of another tab knows a pasted token from its address only; what follows # is sent to nobody.
function signed(event) {
  if (token.get()) event.currentTarget.hash = new URLSearchParams({ token: token.get() });
}

async function remove(path, name) {
  if (!(await confirmed(`Delete model ${name}? Nobody can use it any more.`, "Delete it"))) return;
  try {
    await send("DELETE", path);
    notice(`${name} is deleted`);
    location.hash = "#/models";
  } catch (error) {
    if (error.status !== 401) notice(error.message);
  }
}

function cardOf(model, card, run) {
  if (card instanceof Error) return problem(card);
  const made = run && h("a", { href: `#/runs/${encodeURIComponent(run.name)}` }, run.name);
  return figures([["Version", model.version.slice(0, 8)], ["Made by run", made || null], ["Task", card.task], ["Classes", (card.classes || []).join(", ")], ...measured({ metrics: card.metrics || {}, learned: card.task }, 6), ["Asked here", card.usage ? card.usage.requests === 1 ? "once" : `${count(card.usage.requests)} times` : null], ["Outside the ranges", card.usage?.rows ? `${count(card.usage.outside)} of ${count(card.usage.rows)} rows` : null]]);
}

function inputsOf(card) {
  if (card instanceof Error) return null;
  const kinds = [["flat", "one value"], ["jagged", "a list"], ["either", "a value or a list"], ["filled", "may be left out, as files of the training lacked it"], ["identifiers", "may be there; not used"]];
  const rows = kinds.flatMap(([kind, text]) => (card.branches?.[kind] || []).map((one) => [rowHead(one), text]));
  return [
    panel(`Inputs (${count((card.columns || []).length)} columns)`, rows.length ? table(["Branch", "Kind"], rows, { "aria-label": "Inputs" }) : h("p.quiet", (card.columns || []).join(", ") || "Rows of numbers.")),
    rangesOf(card),
  ];
}

// What a prediction is called "outside" of.
function rangesOf(card) {
  const rows = Object.entries(card.ranges || {}).map(([feature, [low, high]]) => [rowHead(feature), numberCell(number(low)), numberCell(number(high))]);
  return rows.length ? panel("Ranges in training", table(["Feature", numberHead("Lowest"), numberHead("Highest")], rows, { "aria-label": "Ranges" })) : null;
}

function sharing(model, path) {
  const everybody = h("input", { type: "checkbox", role: "switch" });
  everybody.checked = model.public;
  const groups = h("input", { type: "text", value: model.groups.join(", "), placeholder: "cms-ml, atlas-top" });
  const save = async (event) => {
    event.preventDefault();
    try {
      await send("PUT", `${path}/sharing`, { public: everybody.checked, groups: groups.value.split(",").map((one) => one.trim()).filter(Boolean) });
      notice("Saved");
    } catch (error) {
      if (error.status !== 401) notice(error.message);
    }
  };
  return panel("Who may use it", h("form", { onsubmit: save }, h("label", everybody, "Everybody here"), h("label", "Groups", groups), h("button", { type: "submit" }, "Save")));
}

function origin(found) {
  const rows = [
    ["Entries that pass the cuts", found.entries ? count(found.entries) : "not known"],
    ...found.inputs.map(([file, id]) => [file, id ? h("code.small", { title: "its identity: the same data have the same" }, id) : "–"]),
    ...[["specs", found.specs_digest], ["model.py", found.code]].filter(([, digest]) => digest).map(([what, digest]) => [what, h("code.small", { title: digest }, digest.slice(0, 16))]),
    ...found.versions,
  ];
  return panel("Where it comes from", found.trained_as || found.inputs.length ? table(["What", "Which"], rows.map(([what, which]) => [rowHead(what), which]), { "aria-label": "Provenance", class: "pair" }) : h("p.quiet", "It was uploaded, not trained here."));
}

function files(model) {
  return panel("Files", h("ul.small", model.files.map((one) => h("li", one)), (model.not_made || []).map((one) => h("li.quiet", `no ${one.file}: ${one.reason}`))));
}
