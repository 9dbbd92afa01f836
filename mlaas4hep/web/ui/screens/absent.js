// Why something of a run is not there: it is no fault of the request as long as the run is not done.
import { h, problem } from "../dom.js";
import { isFinal } from "../format.js";

const WHY = {
  failed: "The run failed before this was made: Progress says why.",
  cancelled: "The run was cancelled before this was made.",
};

export function absent(error, run, soon = "It comes when the training is over.") {
  if (run.status === "done" || ![404, 409].includes(error.status)) return problem(error, "warn");
  return h("div.panel.empty", isFinal(run) ? WHY[run.status] : soon);
}
