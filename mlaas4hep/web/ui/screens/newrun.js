// A new run: a folder or tarball, what a run of it would do, and the run.
import { figures, fill, h, panel, problem, rowHead, table, warnings } from "../dom.js";
import { bytes, count, duration } from "../format.js";
import { get, send, upload } from "../server.js";
import { tarball } from "../tar.js";

const PACKED = /\.(tar|tgz|tar\.gz|tar\.bz2|tar\.xz|tbz2?|txz)$/i;
const PARTS = [["files", "files.txt"], ["labels", "labels.txt"], ["model", "model.py"], ["params", "params.json"], ["preproc", "preproc.json"]];

export async function show(view, _args, { signal }) {
  const steps = { upload: h("div"), request: h("div"), outlook: h("div") };
  fill(view, h("div.head", h("h1", "New run")), h("div.stack", steps.upload, steps.request, steps.outlook));
  const known = await get("tarballs");
  if (signal.aborted) return;
  drawUpload(steps, known);
}

function drawUpload(steps, known) {
  const told = h("div", { "aria-live": "polite" });
  const folder = h("input", { type: "file", webkitdirectory: true, multiple: true, "aria-label": "Choose a folder", hidden: true, onchange: (event) => chosen(fromList(event.target.files)) });
  const file = h("input", { type: "file", "aria-label": "Choose a tarball", hidden: true, accept: ".tar,.tgz,.gz,.bz2,.xz", onchange: (event) => chosen(fromList(event.target.files)) });
  const zone = h(
    "div.drop",
    {
      ondragover: (event) => {
        event.preventDefault();
        zone.classList.add("over");
      },
      ondragleave: () => zone.classList.remove("over"),
      ondrop: async (event) => {
        event.preventDefault();
        zone.classList.remove("over");
        chosen(await fromDrop(event.dataTransfer));
      },
    },
    h("p", "Drop a folder or a tarball here: files.txt, labels.txt, params.json, model.py, and ROOT files if you like."),
    h("div.actions", h("button.plain", { type: "button", onclick: () => folder.click() }, "Choose a folder"), h("button.plain", { type: "button", onclick: () => file.click() }, "Choose a tarball")),
    folder,
    file,
  );
  zone.querySelector(".actions").style.justifyContent = "center";

  async function chosen(files) {
    if (!files.length) return;
    try {
      const packed = files.length === 1 && PACKED.test(files[0].path);
      const top = files[0].path.split("/")[0].replace(PACKED, "");
      const name = h("input", { type: "text", required: true, value: uploadName(top), pattern: "[A-Za-z0-9][A-Za-z0-9_.\\-]{0,49}" });
      const replaced = h("p.small.quiet", "It takes the place of your earlier upload of this name; runs that were made from it stay.");
      const replaces = () => {
        replaced.hidden = !known.some((one) => one.name === name.value);
      };
      name.addEventListener("input", replaces);
      const size = files.reduce((total, one) => total + one.file.size, 0);
      const bar = h("progress", { max: 1, value: undefined, "aria-label": "Sent", hidden: true });
      const button = h("button", { type: "submit" }, "Upload");
      const go = async (event) => {
        event.preventDefault();
        button.disabled = true;
        bar.hidden = false;
        bar.value = 0;
        try {
          const blob = packed ? files[0].file : tarball(files);
          const stored = await upload(`tarballs/${encodeURIComponent(name.value)}`, blob, packed ? files[0].path : `${name.value}.tar`, (sent, all) => {
            bar.value = sent / all;
          });
          await drawRequest(steps, stored, await submissionIn(files));
          fill(told, h("p.quiet", `${stored.name} is uploaded: ${stored.files.length} files, ${bytes(stored.size_bytes)}.`));
        } catch (error) {
          if (error.status !== 401) told.append(problem(error));
          button.disabled = false;
          bar.hidden = true;
        }
      };
      fill(told, h("form", { onsubmit: go }, h("p.quiet", `${files.length} ${files.length === 1 ? "file" : "files"}, ${bytes(size)}`), h("label", "Name of the upload", name), replaced, bar, button));
      replaces();
      name.focus();
    } catch (error) {
      fill(told, problem(error));
    }
  }

  const earlier = known.length
    ? h("label", "Or take an earlier upload", h("select", { onchange: (event) => event.target.value && drawRequest(steps, known.find((one) => one.name === event.target.value), {}) }, h("option", { value: "" }, "choose…"), known.map((one) => h("option", { value: one.name }, `${one.name} (${bytes(one.size_bytes)})`))))
    : null;
  fill(steps.upload, panel("1. Files", zone, told, earlier));
}

// A name that the server takes, as like the folder's as can be.
function uploadName(text) {
  const plain = text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replaceAll("ß", "ss");
  return plain.replace(/[^A-Za-z0-9_-]+/g, "_").replace(/^[^A-Za-z0-9]+|_+$/g, "").slice(0, 50) || "run";
}

function fromList(list) {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function fromDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return fromList(transfer.files);
  return (await Promise.all(entries.map((entry) => walk(entry, "")))).flat();
}

async function walk(entry, above) {
  const path = above + entry.name;
  if (entry.isFile) return [{ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) }];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map((one) => walk(one, `${path}/`)))).flat();
}

async function submissionIn(files) {
  const found = files.find((one) => /(^|\/)submit\.json$/.test(one.path));
  try {
    return found ? JSON.parse(await found.file.text()) : {};
  } catch {
    return {};
  }
}

async function drawRequest(steps, stored, given) {
  fill(steps.outlook);
  const paths = stored.files.map((one) => one.path);
  const names = [...new Set(paths.map((one) => one.split("/").at(-1)))];
  const fields = {
    title: h("input", { type: "text", maxlength: 256, value: given.title || "" }),
    memory: h("input", { type: "text", value: given.memory || "3gb", required: true }),
    cpus: h("input", { type: "text", value: given.cpus || "2", required: true }),
  };
  const parts = PARTS.filter(([key, usual]) => key !== "preproc" || names.includes(usual) || given.preproc).map(([key, usual]) => [key, h("input", { type: "text", value: given[key] || usual, list: "inside" })]);
  const submission = () => ({ name: stored.name, ...Object.fromEntries(Object.entries(fields).map(([key, input]) => [key, input.value]).filter(([, value]) => value)), ...Object.fromEntries(parts.map(([key, input]) => [key, input.value]).filter(([, value]) => value)) });
  const told = h("div", { "aria-live": "polite" });
  const buttons = [h("button.plain", { type: "button", onclick: () => act(look, "Looking into the files and building the model. The first time takes longest: the framework starts.") }, "Dry run"), h("button", { type: "submit" }, "Submit")];
  const keys = new Map(); // one for each submission: pressed twice, it makes one run

  async function act(work, doing = "One moment…") {
    for (const button of buttons) button.disabled = true;
    fill(told, h("p.quiet", { "aria-busy": "true" }, doing));
    try {
      await work();
      fill(told);
    } catch (error) {
      if (error.status !== 401) fill(told, problem(error));
    }
    for (const button of buttons) button.disabled = false;
  }
  async function look() {
    fill(steps.outlook, outlook(await send("POST", "runs", submission(), { dry_run: "true" })));
  }
  async function submit() {
    const wanted = JSON.stringify(submission());
    if (!keys.has(wanted)) keys.set(wanted, Array.from(crypto.getRandomValues(new Uint32Array(4)), String).join("-"));
    const run = await send("POST", "runs", submission(), {}, { "Idempotency-Key": keys.get(wanted) });
    location.hash = `#/runs/${encodeURIComponent(run.name)}`;
  }
  fill(
    steps.request,
    panel(
      `2. What to run of ${stored.name}`,
      h("datalist", { id: "inside" }, paths.slice(0, 200).map((one) => h("option", { value: one }))),
      h(
        "form",
        {
          onsubmit: (event) => {
            event.preventDefault();
            act(submit);
          },
        },
        h("div.fields", h("label", "Title", fields.title), h("label", "Memory", fields.memory), h("label", "CPUs", fields.cpus), parts.map(([key, input]) => h("label", `${key[0].toUpperCase()}${key.slice(1)}`, input))),
        h("p"),
        h("div.actions", buttons),
        told,
      ),
    ),
  );
  steps.request.scrollIntoView({ block: "nearest" });
}

function outlook(found) {
  return h(
    "div.stack",
    warnings(found.warnings),
    panel(
      "What it would do",
      figures([["Entries", `${count(found.selected_entries)} of ${count(found.entries)}`], ["Features", count(found.features.length)], ["Inputs", count(found.columns)], ["Chunks", count(found.chunks)], ["Largest chunk", `${count(found.largest_chunk_entries)} entries`], ["Memory", bytes(found.memory_bytes)], ["Models", found.folds ? `${count(found.folds)}, one for each fold` : null], ["Parameters", found.model?.parameters ? count(found.model.parameters) : null], ["Reading", found.time && between(found.time.reading)], ["Training", found.time?.training && between(found.time.training)]]),
      timeSaid(found.time),
    ),
    h(
      "div.grid2",
      panel("Features", h("p.small", found.features.join(", "))),
      panel("Left out", found.left_out.length ? table(["Branch", "Why"], found.left_out.map((one) => [rowHead(one.branch), one.reason]), { "aria-label": "Left out" }) : h("p.quiet", "Nothing.")),
      panel("Files", table(["File", "Tree", "Entries", "Pass (sample)"], found.files.map((one) => [one.file, one.tree, count(one.entries), `${count(one.passed)} of ${count(one.sampled)}`]), { "aria-label": "Files" }), cutsOf(found.files)),
    ),
  );
}

const between = ({ low, high }) => `${low < 1 ? "up to" : `${duration(low)} to`} ${duration(high)}`;

function timeSaid(time) {
  if (!time) return h("p.small.quiet", "How long it takes could not be measured.");
  const pace = time.training ? " The training goes by the pace of an earlier run." : "";
  return h("p.small.quiet", `Reading goes by ${count(time.measured_entries)} entries that were measured: ${time.about}.${pace} Not included: ${time.not_included.join("; ")}.`);
}

function cutsOf(files) {
  const tried = files.filter((one) => one.sampled);
  const left = new Map();
  for (const { cut, passed } of tried.flatMap((one) => one.cut_flow)) left.set(cut, (left.get(cut) ?? 0) + passed);
  const sampled = tried.reduce((total, one) => total + one.sampled, 0);
  return [...left].map(([cut, passed]) => h("p.small.quiet", `${cut}: ${count(passed)} of ${count(sampled)} are left`));
}
