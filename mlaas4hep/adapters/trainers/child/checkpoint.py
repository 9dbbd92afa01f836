"""All that a training needs to go on where it stopped, in one file of plain arrays."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlaas4hep.adapters.trainers.framework import Model

_POSITION = "position"
_ARRAY = "model."  #: begins the names of the model's own arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a training is."""

    rounds: int = 0  #: that ended
    history: tuple[dict[str, float], ...] = ()  #: metrics of each
    labels: tuple[tuple[float, ...], ...] = ()  #: seen so far, of each label column
    ended: bool = False  #: no round is left


def save(path: Path, model: Model, position: Position, fingerprint: str) -> None:
    """Write the model's state and the position."""
    text = json.dumps(
        {
            "rounds": position.rounds,
            "history": position.history,
            "labels": position.labels,
            "ended": position.ended,
            "fingerprint": fingerprint,
        }
    )
    arrays = {f"{_ARRAY}{name}": array for name, array in model.state().items()}
    arrays[_POSITION] = np.frombuffer(text.encode(), np.uint8)
    np.savez(path, allow_pickle=False, **arrays)


def restore(path: Path, model: Model, fingerprint: str) -> Position | None:
    """Set the model to what `save` wrote and return the position; None if it does not fit."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            told = json.loads(bytes(stored[_POSITION]))
            if told["fingerprint"] != fingerprint:
                return None
            position = Position(
                rounds=told["rounds"],
                history=tuple(told["history"]),
                labels=tuple(map(tuple, told["labels"])),
                ended=told["ended"],
            )
            names = [name for name in stored.files if name.startswith(_ARRAY)]
            model.restore({name.removeprefix(_ARRAY): stored[name] for name in names})
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None  # TypeError: a release before wrote its labels in another way
    return position
