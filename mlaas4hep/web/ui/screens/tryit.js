// A prediction by hand: a form filled with an entry of the training's files.
import { breakable, copyable, fill, h, panel, problem } from "../dom.js";
import { number } from "../format.js";
import { ask, get, predictUrl } from "../server.js";

export async function show(body, run, context) {
  if (!run.model) {
    fill(body, h("div.panel.empty", run.status === "failed" || run.status === "cancelled" ? "This run made no model." : "The model is there when the training is over."));
    return;
  }
  await form(body, run.model, context.whose.owner || "", context, run.name);
}

// `run` is where an entry may be taken from; empty: a model of somebody else, or one that was uploaded.
export async function form(place, model, owner, { signal, whose }, run = "") {
  const named = owner ? `${owner}/${model}` : model;
  fill(place, h("p.quiet", "Loading the model…"));
  const [card, kept] = await Promise.all([
    ask(`models/${named.split("/").map(encodeURIComponent).join("/")}`).catch((error) => error),
    run ? get(`runs/${encodeURIComponent(run)}/sample`, whose).catch((error) => error) : null,
  ]);
  if (signal.aborted) return;
  if (card instanceof Error) {
    fill(place, problem(card));
    return;
  }
  const branches = card.branches || {};
  const jagged = new Set(branches.jagged || []);
  const needed = [...(branches.flat || []), ...(branches.jagged || []), ...(branches.either || [])].sort();
  if (!needed.length) {
    fill(place, h("div.panel.empty", "Nobody knows the branches of this model: it was not trained here. Send it rows of its inputs instead."), byHand(named, { values: [Array(card.columns?.length || 1).fill(0)] }));
    return;
  }
  const known = kept && !(kept instanceof Error) ? kept.entry : {};
  const inputs = needed.map((name) => field(name, known[name], jagged.has(name), card.categories?.[name]));
  const answer = h("div", { "aria-live": "polite" });
  const commands = h("div");
  const button = h("button", { type: "submit" }, "Predict");
  const entry = () => Object.fromEntries([...inputs.map((one) => [one.name, one.read()])]);
  const refresh = () => {
    try {
      fill(commands, byHand(named, { entries: [entry()] }));
    } catch {
      // a field is being written
    }
  };
  const submit = async (event) => {
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    try {
      const asked = entry();
      fill(answer, result(await ask("json", { model: named, entries: [asked] }), card, asked));
      refresh();
    } catch (error) {
      if (error.status !== 401) fill(answer, problem(error));
    }
    button.removeAttribute("aria-busy");
  };
  fill(
    place,
    h(
      "div.grid2",
      h(
        "section.panel",
        h("h2", "One entry"),
        h("p.small.quiet", kept instanceof Error ? `No entry could be taken from the files: ${kept.message}` : run ? "Filled with the first entry of the files that passes the cuts, as it stands there." : "Values as they stand in the files."),
        h("form", { onsubmit: submit, oninput: refresh }, h("div.fields", inputs.map((one) => one.element)), h("p", button)),
      ),
      h("div.stack", h("section.panel", { "aria-label": "Prediction" }, h("h2", "Prediction"), answer), commands),
    ),
  );
  fill(answer, h("p.quiet", "Press Predict."));
  refresh();
}

// As many as one wants to see; what is asked with is the whole number, as long as nobody writes another.
const sixDigits = (value) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);

// `categories` are what the training has seen of a branch of text; another text may be asked about, too.
function field(name, value, isList, categories) {
  const list = isList || Array.isArray(value);
  const written = (short) => (value === undefined || value === null ? "" : list ? value.map((one) => (one === null ? "null" : short(one))).join(", ") : String(short(value)));
  const [text, exact] = [written(sixDigits), written((one) => one)];
  const listed = categories && h("datalist", { id: `texts-${name}` }, categories.map((each) => h("option", { value: each })));
  const input = h("input", { type: "text", inputmode: categories ? "text" : "decimal", list: listed?.id, value: text, title: exact === text ? undefined : exact, autocomplete: "off" });
  const one = (part) => {
    const found = part.trim();
    if (categories) return found || null;
    if (found === "" || found === "null") return null;
    if (found === "true" || found === "false") return found === "true";
    const told = Number(found);
    if (Number.isNaN(told)) throw Object.assign(new Error(`${name}: ${found} is not a number`), { problem: { message: `${name}: “${found}” is not a number` } });
    return told;
  };
  return {
    name,
    element: h("label", breakable(name), list && " (list)", input, listed),
    read: () => (text && input.value === text ? value : list ? (input.value.trim() ? input.value.split(",").map(one) : []) : one(input.value)),
  };
}

function result(told, card, asked) {
  const [predicted] = told.predictions;
  const empty = Object.keys(asked).filter((name) => asked[name] === null);
  const flags = [
    empty.length && `Empty, so taken as missing: ${empty.join(", ")}`,
    !told.passed[0] && "The entry does not pass the cuts: in the training it would have been left out.",
    told.outside[0].length && `Outside of what the training has seen: ${told.outside[0].join(", ")}`,
    told.truncated[0].length && `Longer than any in the training, so cut: ${told.truncated[0].join(", ")}`,
  ].filter(Boolean);
  const classes = told.classes || card.classes || [];
  const positive = told.positive || classes[1];
  return [
    scores(predicted, classes, positive),
    flags.map((text) => problem({ message: text }, "warn")),
    h("p.small.quiet", `Model ${told.model}, version ${told.version}`),
  ];
}

// One number, one for each class or label, or those of each output by its name.
function scores(predicted, classes, positive) {
  if (predicted === null) return h("p.score", "no score");
  if (Array.isArray(predicted)) return h("ul", predicted.map((one, index) => h("li", `${classes[index] ?? index}: `, h("strong", number(one, 4)))));
  if (typeof predicted === "object") return outputs(predicted, classes);
  return h("div", h("p.score", number(predicted, 4)), positive && h("p.quiet", `for class ${positive}`));
}

function outputs(predicted, labels) {
  let at = 0;
  return Object.entries(predicted).map(([name, values]) => {
    const width = Array.isArray(values) ? values.length : 1;
    const own = labels.slice(at, (at += width));
    return width === 1 && !Array.isArray(values) ? h("p", `${name}: `, h("strong", number(values, 4))) : h("div", h("h3", name), scores(values, own));
  });
}

function byHand(model, question) {
  const body = JSON.stringify({ model, ...question });
  const url = new URL(predictUrl("json"), location.href).href;
  const curl = `curl -fsS -H "Authorization: Bearer $MLAAS4HEP_TOKEN" ${url} -d '${body.replaceAll("'", "'\\''")}'`;
  const [key] = Object.keys(question);
  const [owner, name] = model.includes("/") ? model.split("/") : ["", model];
  const shared = owner && `, owner="${owner}"`;
  const python = `import os\n\nfrom mlaas4hep.client import Client\n\nwith Client("${location.origin}", os.environ["MLAAS4HEP_TOKEN"]) as client:\n    print(client.predict("${name}", ${key}=${pythonValue(question[key])}${shared}))`;
  return panel("The same from elsewhere", h("h3", "curl"), copyable(curl, "the curl command"), h("h3", "Python"), copyable(python, "the Python lines"));
}

function pythonValue(value) {
  return JSON.stringify(value).replaceAll("null", "None").replaceAll("true", "True").replaceAll("false", "False");
}
