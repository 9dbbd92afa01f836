"""Callbacks of model.py and of params.json, called where `fit` calls them, and kept with checkpoints.

Batches are steps inside one call of TensorFlow: a callback that wants to see each of them makes
the training call Keras batch by batch.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

import keras
import numpy as np

from mlaas4hep.adapters.trainers.callbacks import is_needless
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import RoundMetrics, State
from mlaas4hep.adapters.trainers.monitors import check_monitors
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.nearest import nearest

_OF_BATCHES = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_OF_TESTS = ("on_test_batch_begin", "on_test_batch_end")
_PLAIN = bool | int | float | str | None


class Callbacks:
    """The callbacks of one training."""

    def __init__(self, model: Any, job: TrainingJob, defined: Mapping[str, Any]) -> None:
        """Make them.

        Raises:
            TrainingError: one is unknown, or made with wrong arguments.
        """
        found = [*_of_model(defined), *_of_params(job)]
        self._kept = [each for each in found if not _is_left_out(each)]
        self._list = keras.callbacks.CallbackList(
            self._kept,
            model=model,
            epochs=job.rounds,
            steps=None,  # as `fit` tells where data comes piece by piece
            verbose=0,
            add_history=False,
        )
        self.sees_batches = any(_has_own(each, _OF_BATCHES) for each in self._kept)
        self.sees_tests = any(_has_own(each, _OF_TESTS) for each in self._kept)
        self._round = 0
        self._under_way = False
        self._tests = False  #: a test is under way
        self._batch = 0  #: of the round, or of the test that is under way
        self._logs: dict[str, float] = {}  #: of the last round
        self._list.on_train_begin()

    def begin_round(self) -> None:
        """Say that a round begins, once."""
        if not self._under_way:
            self._under_way = True
            self._batch = 0
            self._list.on_epoch_begin(self._round)

    def batch(self, metrics: Mapping[str, float] | None = None) -> None:
        """Say that a batch begins, or, with its metrics, that it ended."""
        begin, end = (
            (self._list.on_test_batch_begin, self._list.on_test_batch_end)
            if self._tests
            else (self._list.on_train_batch_begin, self._list.on_train_batch_end)
        )
        if metrics is None:
            begin(self._batch)
        else:
            end(self._batch, dict(metrics))
            self._batch += 1

    def end_round(self, metrics: RoundMetrics) -> None:
        """Say that a round ended."""
        self.begin_round()
        self._logs = dict(metrics)
        self._list.on_epoch_end(self._round, self._logs)
        self._round += 1
        self._under_way = False

    def begin_test(self) -> None:
        """Say that a test begins, once."""
        if not self._tests:
            self._tests, self._batch = True, 0
            self._list.on_test_begin()

    def end_test(self, metrics: RoundMetrics) -> None:
        """Say that a test ended, if one began."""
        if self._tests:
            self._tests = False
            self._list.on_test_end(dict(metrics))

    def check(self, figures: Collection[str], *, validates: bool) -> None:
        """Refuse callbacks that watch other figures; see `check_monitors`."""
        if figures:
            check_monitors(self._kept, figures, validates=validates)

    def finish(self) -> int | None:
        """Say that the training ended; return the round whose weights came back, if any did."""
        self._list.on_train_end(self._logs)
        back = [
            int(each.best_epoch)
            for each in self._kept
            if isinstance(each, keras.callbacks.EarlyStopping)
            and each.restore_best_weights
            and each.best_weights is not None
        ]
        return back[-1] if back else None

    def state(self) -> State:
        """Return what they remember in plain attributes: numbers, texts, arrays, lists of arrays."""
        plain: list[dict[str, Any]] = []
        arrays: dict[str, Any] = {}
        for number, callback in enumerate(self._kept):
            plain.append({})
            for name, value in vars(callback).items():
                if isinstance(value, _PLAIN):
                    plain[-1][name] = value
                elif isinstance(value, np.generic):
                    plain[-1][name] = value.item()
                elif _is_list_of_arrays(value):
                    arrays |= {f"{number}.{name}.{i}": np.asarray(a) for i, a in enumerate(value)}
        text = json.dumps({"round": self._round, "logs": self._logs, "callbacks": plain})
        return {"plain": np.frombuffer(text.encode(), np.uint8), **arrays}

    def restore(self, state: State) -> None:
        """Take it."""
        content = json.loads(bytes(state["plain"]))
        self._round = content["round"]
        self._logs = content.get("logs", {})  # releases before 2026-12 kept none
        lists: dict[tuple[int, str], dict[int, Any]] = {}
        for key in state.keys() - {"plain"}:
            number, name, index = key.split(".")
            lists.setdefault((int(number), name), {})[int(index)] = state[key]
        for callback, plain in zip(self._kept, content["callbacks"], strict=True):
            if self._round and getattr(callback, "monitor_op", "") is None:
                callback._set_monitor_op()  # noqa: SLF001 - else it turns min_delta round again
            vars(callback).update(plain)
        for (at, name), values in lists.items():
            setattr(self._kept[at], name, [values[index] for index in sorted(values)])


def _of_model(defined: Mapping[str, Any]) -> list[Any]:
    found = defined.get("callbacks", [])
    if isinstance(found, ModuleType):  # `from keras import callbacks`
        return []
    found = found() if callable(found) and not isinstance(found, type) else found
    many = [*found] if isinstance(found, list | tuple) else [found]
    for each in many:
        if not isinstance(each, keras.callbacks.Callback):
            kind = each.__name__ if isinstance(each, type) else type(each).__name__
            raise TrainingError(
                f"{MODEL_FILE}: `callbacks` holds a {kind}, not a Keras callback",
                "callbacks = [keras.callbacks.EarlyStopping(patience=3)]",
            )
    return many


def _of_params(job: TrainingJob) -> Iterator[Any]:
    known = [name for name in dir(keras.callbacks) if _is_class_of_callbacks(name)]
    for name, text in job.params.fitting.callbacks:
        if name not in known:
            raise TrainingError(
                f"params.json: callbacks: Keras has no callback {name!r}", nearest(name, known)
            )
        try:
            yield getattr(keras.callbacks, name)(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise TrainingError(
                f"params.json: callbacks.{name}: {error}", "see its arguments in Keras's pages"
            ) from error


def _is_class_of_callbacks(name: str) -> bool:
    found = getattr(keras.callbacks, name)
    return isinstance(found, type) and issubclass(found, keras.callbacks.Callback)


def _is_left_out(callback: Any) -> bool:
    kind = type(callback)
    return kind.__module__.startswith("keras.") and is_needless(kind.__name__)


def _has_own(callback: Any, methods: Iterable[str]) -> bool:
    usual = keras.callbacks.Callback
    return any(getattr(type(callback), name) is not getattr(usual, name) for name in methods)


def _is_list_of_arrays(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(hasattr(one, "__array__") for one in value)
    )
