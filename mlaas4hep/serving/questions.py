"""Many questions to one model, answered with as few invocations as possible."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.bundle.folding import FEED
from mlaas4hep.errors import InvalidRequestError, MlaasError
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel

MAX_ROWS = 4096  #: in one invocation; more would only take more memory

Feeds = Mapping[str, Array]
Outputs = dict[str, Array]


class Invocation(NamedTuple):
    """A question in the terms of one model."""

    feeds: Feeds
    answer: Callable[[Outputs], Any]  #: from the outputs for the rows of `feeds`


class Question(Protocol):
    """What somebody wants to know from a model."""

    @property
    def kind(self) -> Hashable | None:
        """Questions of one kind can be joined; None: never."""

    @property
    def rows(self) -> int:
        """How many rows it is about, as far as is known before the model is; at least that many."""

    def ask(self, served: LoadedModel) -> Invocation:
        """Return the model's inputs, and how the answer is made of its outputs.

        Raises:
            InvalidRequestError: the question does not fit the model.
        """

    def alone(self, served: LoadedModel) -> Any | None:
        """Return the answer to what is as plain as most questions; None: `ask` has to tell.

        Raises:
            InvalidRequestError: the model refuses it.
        """

    def joined(self, others: Sequence[Self]) -> "Question":
        """Return one question for all of `others` (itself among them); it answers with a list."""


@dataclass(frozen=True, slots=True)
class Single:
    """A question that is never joined with others before it is asked."""

    to_ask: Callable[[LoadedModel], Invocation]
    rows: int = 1  #: that it is about

    @property
    def kind(self) -> None:
        """Return None."""
        return

    def ask(self, served: LoadedModel) -> Invocation:
        """Return inputs, and how the answer is made."""
        return self.to_ask(served)

    def alone(self, _served: LoadedModel) -> None:
        """Return None."""
        return

    def joined(self, others: Sequence[Self]) -> Question:
        """Return the only one there is."""
        return others[0]


@dataclass(slots=True)
class _Unit:
    """A question, or several joined ones, with the places of its answers."""

    question: Question
    places: list[int]
    parts: list[Question]  #: those that were joined; empty if it is one
    asked: Invocation
    rows: (
        int  #: of each input; `MAX_ROWS` if they are not of rows, so that it is joined with nothing
    )


def answered(served: LoadedModel, questions: Sequence[Question]) -> list[Any]:
    """Return the answer to each question, or the error that it is answered with.

    A question that does not fit harms no other one.
    """
    answers: list[Any] = [None] * len(questions)
    units: list[_Unit] = []
    if served.independence.is_broken:
        for place, question in enumerate(questions):
            _ask_alone(served, question, place, answers)
        return answers
    for places in _kinds(questions):
        units.extend(_units(served, [questions[place] for place in places], places, answers))
    for group in _groups(units):
        _invoke(served, group, answers)
    return answers


def answered_alone(served: LoadedModel, question: Question) -> Any:
    """Return the answer to one question; raises the error that it is answered with."""
    found = question.alone(served)
    if found is not None:
        return found
    feeds, answer = question.ask(served)
    _check_fit(served, feeds)
    return answer(served.runtime.run(feeds))


def _check_fit(served: LoadedModel, feeds: Feeds) -> None:
    """Raise InvalidRequestError unless names, ranks and sizes are those of the model."""
    inputs = served.runtime.inputs
    if len(inputs) == 1 and _surely_fits(inputs[0], feeds):
        return
    besides = {FEED} if served.record.folds else set()
    if feeds.keys() - besides != {each.name for each in inputs}:
        raise InvalidRequestError(
            f"the inputs {', '.join(sorted(feeds))} are not those of model {served.record.name!r}",
            hint=f"its inputs: {', '.join(each.name for each in inputs)}",
        )
    lengths = _lengths(feeds)
    if lengths == {0}:
        raise InvalidRequestError("there is no row to predict")
    if len(lengths) > 1 and served.runtime.prompt_rows:  # what others run says itself what it takes
        raise InvalidRequestError(
            f"the inputs have {', '.join(map(str, sorted(lengths)))} rows: as many in each"
        )
    for each in inputs:
        shape = feeds[each.name].shape
        if not each.takes(shape):
            raise InvalidRequestError(
                f"input {each.name!r} has shape {list(shape)}; model {served.record.name!r} "
                f"takes {list(each.shape)}",
                hint="-1 stands for the number of rows",
            )


def _lengths(feeds: Feeds) -> set[int]:
    """Return how many rows the inputs have."""
    return {len(values) if values.ndim else 1 for values in feeds.values()}


def _surely_fits(info: TensorInfo, feeds: Feeds) -> bool:
    """Tell at a glance whether the only input is right, as it nearly always is."""
    values = feeds.get(info.name)
    if values is None or len(feeds) != 1 or not info.shape:
        return False
    shape = values.shape
    return len(shape) > 0 and shape[0] > 0 and shape[1:] == info.shape[1:]


def _kinds(questions: Sequence[Question]) -> Iterable[list[int]]:
    """Return the places of questions that can be joined."""
    kinds: dict[Hashable, list[int]] = {}
    for place, question in enumerate(questions):
        kind = question.kind
        kinds.setdefault(("alone", place) if kind is None else kind, []).append(place)
    return kinds.values()


def _units(
    served: LoadedModel, questions: list[Question], places: list[int], answers: list[Any]
) -> list[_Unit]:
    together = len(questions) > 1
    question = questions[0].joined(questions) if together else questions[0]
    try:
        asked = question.ask(served)
        _check_fit(served, asked.feeds)
    except MlaasError as error:
        if together:
            return [
                unit
                for each, place in zip(questions, places, strict=True)
                for unit in _units(served, [each], [place], answers)
            ]
        answers[places[0]] = error
        return []
    lengths = _lengths(asked.feeds)
    are_rows = all(each.shape[:1] == (-1,) for each in served.runtime.inputs)
    rows = lengths.pop() if are_rows and len(lengths) == 1 else MAX_ROWS
    return [_Unit(question, places, questions if together else [], asked, rows)]


def _groups(units: Iterable[_Unit]) -> list[list[_Unit]]:
    """Return what can be predicted in one invocation: rows of equal shape, not too many."""
    groups: list[list[_Unit]] = []
    room: dict[tuple[Any, ...], tuple[list[_Unit], int]] = {}
    for unit in units:
        shape = tuple((name, values.shape[1:]) for name, values in sorted(unit.asked.feeds.items()))
        group, rows = room.get(shape, ([], MAX_ROWS))
        if rows + unit.rows > MAX_ROWS:
            group, rows = [], 0
            groups.append(group)
        group.append(unit)
        room[shape] = group, rows + unit.rows
    return groups


def _invoke(served: LoadedModel, group: list[_Unit], answers: list[Any]) -> None:
    """Predict a group; if it is refused as a whole, predict its members alone."""
    try:
        for unit, outputs in zip(group, _outputs(served, group), strict=True):
            _tell(unit, outputs, answers)
    except InvalidRequestError as error:
        if len(group) == 1 and not group[0].parts:
            answers[group[0].places[0]] = error
        else:
            _invoke_each(served, group, answers)
    except MlaasError as error:
        for place in (place for unit in group for place in unit.places):
            answers[place] = error


def _invoke_each(served: LoadedModel, group: list[_Unit], answers: list[Any]) -> None:
    for unit in group:
        for question, place in zip(unit.parts or [unit.question], unit.places, strict=True):
            _ask_alone(served, question, place, answers)


def _ask_alone(served: LoadedModel, question: Question, place: int, answers: list[Any]) -> None:
    for unit in _units(served, [question], [place], answers):
        _invoke(served, [unit], answers)


def _tell(unit: _Unit, outputs: Outputs, answers: list[Any]) -> None:
    answer = unit.asked.answer(outputs)
    if not unit.parts:
        answers[unit.places[0]] = answer
        return
    for place, each in zip(unit.places, answer, strict=True):
        answers[place] = each


def _outputs(served: LoadedModel, group: list[_Unit]) -> list[Outputs]:
    first, *others = group
    feeds = first.asked.feeds
    if not others and not first.parts:
        return [served.runtime.run(feeds)]
    if others:
        feeds = {name: np.concatenate([unit.asked.feeds[name] for unit in group]) for name in feeds}
    outputs = served.runtime.run(feeds)
    stops = np.cumsum([unit.rows for unit in group]).tolist()
    if not all(served.gives_each(stops[-1], name, values) for name, values in outputs.items()):
        raise InvalidRequestError("the model's outputs have no row for each row of its inputs")
    rows = first.parts[0].rows if first.parts else first.rows
    alone = {name: values[:rows] for name, values in feeds.items()}
    served.independence.check(outputs, rows, lambda: served.runtime.run(alone))
    return [
        {name: values[start:stop] for name, values in outputs.items()}
        for start, stop in zip([0, *stops[:-1]], stops, strict=True)
    ]
