// One run: how it goes, what it learns from, how good it is, and its model to be tried.
import { chart, COLOURS } from "../chart.js";
import { confirmed, fill, figures, h, notice, panel, problem, warnings } from "../dom.js";
import { age, count, duration, isFinal, measured, metricName, number, statusClass } from "../format.js";
import { curveSets, linesOf, roundNumbers } from "../rounds.js";
import { drawTrials } from "./scan.js";
import { download, get, getText, runPage, send, watch, workflowUrl } from "../server.js";

const NAMES = { specs: "Measure", "chunk-preprocess": "Prepare", train: "Train", score: "Score", scan: "Scan" };
const LOG_STAGES = ["train", "specs", "chunk-preprocess", ""];
const TABS = [["", "Progress"], ["data", "Data"], ["quality", "Quality"], ["try", "Try it"]];

export async function show(view, [name, tab], context) {
  const path = `runs/${encodeURIComponent(name)}`;
  const run = await get(path, context.whose);
  if (context.signal.aborted) return;
  const head = h("div");
  const body = h("div", h("p.quiet", { "aria-busy": "true" }, "Loading…"));
  fill(view, head, tabs(run, tab, context.whose), body);
  drawHead(head, run, context);
  if (tab) {
    const screen = await import(`./${{ data: "data", quality: "quality", try: "tryit" }[tab]}.js`);
    await screen.show(body, run, context);
    if (!isFinal(run)) await follow(run, context);
    return;
  }
  await progress(head, body, run, context);
}

// What a tab shows may be there as soon as the run is further; nothing can be typed into it before.
async function follow(run, context) {
  const { status } = run;
  const told = (one) => {
    if (one?.status !== status) context.again();
  };
  await watch(run.name, context.whose, { told, lost: () => {} }, context.signal).catch(() => {});
}

function tabs(run, tab, whose) {
  const shown = whose.owner ? TABS.filter(([key]) => key !== "try") : TABS; // admins may look, not use
  const wanted = run.task === "training" ? shown : TABS.slice(0, 1);
  return h(
    "nav.tabs",
    { "aria-label": "Of this run" },
    wanted.map(([key, text]) => h("a", { href: runPage(run.name, whose, key), "aria-current": key === tab ? "page" : undefined }, text)),
    run.model && run.task !== "scoring" && !whose.owner && h("a", { href: `#/models/${encodeURIComponent(run.model)}` }, "Model"),
  );
}

function drawHead(head, run, context) {
  fill(
    head,
    h(
      "div.head",
      h("div.title", h("h1", run.name), h("span", { class: `tag ${statusClass(run.status)}`, role: "status" }, run.status), run.title && h("span.quiet", run.title)),
      h("div.actions", actions(run, context)),
    ),
  );
}

function actions(run, context) {
  const path = `runs/${encodeURIComponent(run.name)}`;
  const act = (text, work, kind = "plain") => {
    const button = h(`button.${kind}`, { type: "button" }, text);
    button.addEventListener("click", async () => {
      const { activeElement } = document;
      button.disabled = true;
      try {
        await work();
      } catch (error) {
        if (error.status !== 401) notice(error.message);
      }
      button.disabled = false;
      if (activeElement === button && document.activeElement === document.body) button.focus();
    });
    return button;
  };
  const over = isFinal(run);
  const log = act("Log", () => download(workflowUrl(`${path}/logs`, context.whose), `${run.name}.txt`));
  if (context.whose.owner) return [h("span.quiet.small", `of ${run.owner.slice(0, 8)}, to look at`), log];
  return [
    !over && act("Cancel", async () => {
      if (await confirmed(`Stop ${run.name}?`, "Stop it")) await send("POST", `${path}/cancel`);
    }),
    (run.status === "failed" || run.status === "cancelled") && act("Restart", async () => {
      await send("POST", `${path}/restart`);
      await context.again();
    }),
    run.status === "done" && run.task === "scoring" && act("Download scores", () => download(workflowUrl(`${path}/scores`, { through: 1 }), `${run.name}.scores`)),
    run.status === "done" && run.task !== "scoring" && run.model && act("Download model", () => download(workflowUrl(`models/${encodeURIComponent(run.model)}/bundle`, { through: 1 }), `${run.model}.tar.gz`)),
    log,
    over && act("Delete", async () => {
      if (!(await confirmed(`Delete ${run.name}? Its model stays.`, "Delete it"))) return;
      await send("DELETE", path);
      notice(`${run.name} is deleted`);
      location.hash = "#/runs";
    }, "danger"),
  ];
}

async function progress(head, body, first, context) {
  const { signal } = context;
  const parts = { trouble: h("div"), stages: h("div"), numbers: h("div"), curves: h("div.grid2"), trials: h("div.stack"), log: logPanel(first, context) };
  fill(body, parts.trouble, h("div.stack", h("section.panel", { "aria-label": "Stages" }, parts.stages), h("section.panel", { "aria-label": "Figures" }, parts.numbers), first.task === "scan" ? parts.trials : parts.curves, parts.log.element));
  const curves = curvesIn(parts.curves, first.name, context);
  let status = first.status;
  const draw = async (run) => {
    if (run === null) {
      fill(body, h("p", "This run was deleted."));
      return;
    }
    fill(parts.trouble, run.problem && problem({ problem: run.problem, message: run.problem.message }), run.waiting.map((one) => problem({ message: one.text }, "warn")), warnings(run.warnings));
    fill(parts.stages, run.stages.map((one) => stage(one, run)));
    fill(parts.numbers, numbers(run));
    if (run.status !== status) {
      status = run.status;
      drawHead(head, run, context);
      if (isFinal(run)) document.title = `${run.name} ${run.status} – MLaaS4HEP`;
    }
    parts.log.refresh(isFinal(run));
    if (run.task === "training") await curves.update(run);
    if (run.task === "scan") await drawTrials(parts.trials, run.name, context.whose);
  };
  const lost = () => fill(parts.trouble, problem({ message: "The connection is lost; the run goes on, and this page asks again" }, "warn"));
  await draw(first);
  const ticking = setInterval(() => tick(parts.stages), 1000);
  signal.addEventListener("abort", () => clearInterval(ticking));
  if (!isFinal(first)) await watch(first.name, context.whose, { told: draw, lost }, signal).catch((error) => signal.aborted || error.status === 401 || fill(parts.trouble, problem(error)));
  clearInterval(ticking);
  if (signal.aborted || isFinal(first)) return;
  const ended = await get(`runs/${encodeURIComponent(first.name)}`, context.whose).catch(() => null);
  if (ended) head.nextElementSibling.replaceWith(tabs(ended, "", context.whose));
}

function stage(one, run) {
  const total = one.total ?? 0;
  const known = one.total !== null;
  const bar = h("progress", { max: known ? Math.max(total, 1) : undefined, value: undefined, "aria-label": NAMES[one.stage] || one.stage });
  if (known) bar.value = total ? one.done : one.state === "done" ? 1 : 0;
  else if (one.state !== "running") {
    bar.max = 1;
    bar.value = 0;
  }
  return h(
    "div.stage",
    h("span", h("span", { class: `tag ${one.state}` }, NAMES[one.stage] || one.stage), h("span.quiet.small", known || one.done ? ` ${known ? `${count(one.done)}/${count(total)}` : count(one.done)} ${one.unit}` : "")),
    bar,
    h("span.right", { "data-eta": one.eta_seconds ?? "", "data-at": Date.now() }, note(one, run)),
  );
}

function note(one, run) {
  if (one.state === "waiting") {
    const measured = run.stages.find((other) => other.stage === "specs");
    if (isFinal(run)) return "not begun";
    if (one.stage === "train") return measured && measured.state === "done" ? "starting Python and the framework" : "waits for chunks";
    if (one.stage === "chunk-preprocess") return "waits for the measurement";
    return one.stage === "scan" ? "no trial has ended" : "opening files";
  }
  const spent = one.seconds === null ? "" : duration(one.seconds);
  if (one.state === "stopped" && !spent) return "not begun";
  if (one.state !== "running") return one.state === "done" ? spent : [one.state, spent].filter(Boolean).join(" after ");
  if (one.left === 0) return "checking and storing";
  const rate = one.per_second ? `${number(one.per_second, 2)}/s` : "";
  const left = one.eta_seconds === null ? "" : `${duration(one.eta_seconds)} left`;
  return [rate, left].filter(Boolean).join(" · ") || spent;
}

// Between two reports the time left goes on falling.
function tick(stages) {
  for (const shown of stages.querySelectorAll("[data-eta]")) {
    if (!shown.dataset.eta) continue;
    const left = Number(shown.dataset.eta) - (Date.now() - Number(shown.dataset.at)) / 1000;
    if (left > 0) shown.textContent = shown.textContent.replace(/[\d][^·]* left$/, `${duration(left)} left`);
  }
}

function numbers(run) {
  const shares = run.entries ? `${count(run.selected_entries)} of ${count(run.entries)}` : "";
  return figures([
    ...measured(run, 9),
    ["Entries", shares],
    ["Inputs", run.columns ? count(run.columns) : null],
    ["Files", run.files.length || null],
    ["Files left out", run.skipped_files.length || null],
    [isFinal(run) ? "Took" : "So far", duration(run.seconds)],
    ["Begun", age(run.created_at)],
    ["Attempt", run.attempt > 1 ? run.attempt : null],
    ["Chunks made again", run.lost_chunks || null],
  ]);
}

// Of folds, each has a colour, and its validation is dashed.
function lineOf({ fold, isValidation }) {
  const label = isValidation ? "validation" : "training";
  if (fold === null) return { label };
  return { label: `fold ${fold} ${label}`, colour: COLOURS[fold % COLOURS.length], dash: isValidation ? [5, 4] : undefined };
}

function curvesIn(place, name, { signal, whose }) {
  let rounds = -1;
  let drawn = new Map();
  let busy = false;
  let behind = false; // rounds are told before their figures are stored
  const redraw = (history) => {
    const x = roundNumbers(history);
    for (const set of curveSets(history)) {
      const { base } = set;
      const series = linesOf(history, set, x).map((one) => ({ ...lineOf(one), values: one.values, points: x.length < 3 }));
      const key = series.map((one) => one.label).join();
      if (drawn.get(base)?.key === key && x.length > 3) drawn.get(base).element.redraw(x, series.map((one) => one.values));
      else {
        const element = chart({ label: `${base} by round`, x, xLabel: "round", yLabel: metricName(base), whole: true, series });
        const shown = panel(metricName(base), element);
        if (drawn.has(base)) drawn.get(base).shown.replaceWith(shown);
        else place.append(shown);
        drawn.set(base, { key, element, shown });
      }
    }
  };
  let latest;
  let timer;
  const roundsOf = (run) => run.stages.find((one) => one.stage === "train")?.done ?? 0;
  const curves = {
    async update(run) {
      latest = run;
      const done = roundsOf(run);
      if (busy || (done === rounds && !behind && !isFinal(run))) return;
      if (done < rounds) {
        place.replaceChildren();
        drawn = new Map();
      }
      busy = true;
      try {
        const history = await get(`runs/${encodeURIComponent(name)}/history`, whose);
        if (history.length) redraw(history);
        rounds = done;
        behind = history.length < roundsOf(latest);
      } catch (error) {
        if (error.status !== 404 && error.status !== 401) notice(error.message);
      }
      busy = false;
      clearTimeout(timer);
      const hasMissed = latest !== run; // a report that came meanwhile
      if (!hasMissed && (!behind || isFinal(run))) return;
      timer = setTimeout(() => signal.aborted || curves.update(latest), hasMissed ? 0 : 1500);
    },
  };
  return curves;
}

function logPanel(run, { signal, whose }) {
  const whole = run.task !== "training";
  const text = h("pre", { tabindex: "0", "aria-label": "Log" }, "…");
  const stages = h("select", { onchange: () => load(), "aria-label": "Part of the log" }, (whole ? [""] : LOG_STAGES).map((one) => h("option", { value: one, selected: one === run.problem?.stage }, one || "everything")));
  let at = 0;
  let waiting = null;
  async function load() {
    at = Date.now();
    try {
      const all = await getText(`runs/${encodeURIComponent(run.name)}/logs`, { stage: stages.value, ...whose });
      if (signal.aborted) return;
      const atEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 20;
      text.textContent = all.split("\n").slice(-400).join("\n").trim() || "nothing yet";
      if (atEnd) text.scrollTop = text.scrollHeight;
    } catch (error) {
      if (error.status !== 401) text.textContent = error.message;
    }
  }
  return {
    element: h("section.panel", h("div.head", h("h2", "Log"), stages), text),
    refresh(now) {
      clearTimeout(waiting);
      if (now || Date.now() - at > 2000) load();
      else waiting = setTimeout(load, 2000);
    },
  };
}
