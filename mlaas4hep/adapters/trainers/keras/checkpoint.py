"""All that a training needs to go on where it stopped, in one file of plain arrays."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a training is."""

    rounds: int = 0  #: that ended
    history: tuple[dict[str, float], ...] = ()  #: metrics of each
    labels: tuple[float, ...] = ()  #: seen so far


def save(path: Path, model: Any, position: Position, fingerprint: str) -> None:
    """Write weights, random states, optimizer and position."""
    state = {
        "rounds": position.rounds,
        "history": position.history,
        "labels": position.labels,
        "fingerprint": fingerprint,
    }
    arrays = {f"v{i}": np.asarray(variable) for i, variable in enumerate(_variables(model))}
    text = np.frombuffer(json.dumps(state).encode(), np.uint8)
    np.savez(path, allow_pickle=False, state=text, **arrays)


def restore(path: Path, model: Any, fingerprint: str) -> Position | None:
    """Set the model to what `save` wrote and return the position; None if it does not fit."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            state = json.loads(bytes(stored["state"]))
            variables = _variables(model)
            arrays = [stored[f"v{i}"] for i in range(len(variables))]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    fits = all(
        array.shape == tuple(variable.shape)
        for array, variable in zip(arrays, variables, strict=True)
    )
    if state["fingerprint"] != fingerprint or not fits:
        return None
    for array, variable in zip(arrays, variables, strict=True):
        variable.assign(array)
    return Position(
        rounds=state["rounds"], history=tuple(state["history"]), labels=tuple(state["labels"])
    )


def _variables(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]
