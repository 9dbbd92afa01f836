"""What each stage of a run is doing now, in a few words for people who wait."""

from collections.abc import Mapping, Sequence

from mlaas4hep.core.runs.answers import Stage
from mlaas4hep.core.runs.durations import human

_FIRST = {
    "specs": "opening files",
    "chunk-preprocess": "waiting for specs",
    "score": "opening files",
}
_STARTING = "starting Python and TensorFlow, or what else model.py needs"
_ENDING = "checking and storing the model"


def doing(stages: Sequence[Stage], metrics: Mapping[str, float | None]) -> dict[str, str]:
    """Return a few words for each stage, by its name; empty for one that is over.

    Args:
        metrics: of the run now; the loss of the last round is told.
    """
    states = {stage.stage: stage.state for stage in stages}
    return {stage.stage: _note(stage, states, metrics) for stage in stages}


def _note(stage: Stage, states: Mapping[str, str], metrics: Mapping[str, float | None]) -> str:
    if stage.state == "waiting":
        if stage.stage == "train":
            return _STARTING if states.get("specs") == "done" else "waiting for chunks"
        return _FIRST.get(stage.stage, "waiting")
    if stage.state != "running":
        return ""
    if stage.stage == "train" and stage.left == 0:
        return _ENDING
    parts = [] if stage.eta_seconds is None else [f"{human(stage.eta_seconds).lower()} left"]
    loss = metrics.get("loss")
    if stage.stage == "train" and loss is not None:
        parts.append(f"loss {loss:.4g}")
    return ", ".join(parts)
