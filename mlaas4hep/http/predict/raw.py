"""Raw entries: branches as they are in the files, transformed here exactly as for training.

Request, at `/json` or `/`:

    {"model": "luca_1",
     "entries": [{"run": 1, "njets": 3, "Muon_pt": [41.2, 12.0]}, …]}

Every branch that the model needs must be there, and no other, except identifiers (such as `run`),
which may be there and come back. A flat branch is a number, or a text
where it was one in training, a jagged one a list of numbers; `null` is a
missing value. Many entries are read several times as fast as lists, one for each branch:

    {"model": "luca_1", "branches": {"run": [1, 1], "njets": [3, 4], "Muon_pt": [[41.2], []]}}

The answer has one place for each entry, in order:

    {"model": "luca_1", "version": "3f…",
     "predictions": [0.086, null],         a number, a list if the output has several, or
                                           {"flavour": [0.1, 0.9], "mass": 81.2} of several outputs;
                                           null: the entry does not pass the cuts of preproc.json
     "passed": [true, false],
     "outside": [["njets"], []],           branches with a value that training has never seen:
                                           the prediction is an extrapolation
     "truncated": [[], []],                branches whose row is longer than the longest in
                                           training: what is too long was left out
     "identifiers": [{"run": 1}, {}],      only if there were any
     "classes": ["background", "signal"]}  what each number is for: classes or labels by name
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.answering import by_output
from mlaas4hep.core.models.entries import bybranch, byentry
from mlaas4hep.core.models.entries.truths import check_truths, of_branches, of_entries
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.asking import Asking, Tally
from mlaas4hep.http.predict.call import Answer
from mlaas4hep.http.predict.context import only_input, row_output
from mlaas4hep.http.predict.entryalone import answer_alone
from mlaas4hep.http.predict.entryresult import Result, answer_of, result_of
from mlaas4hep.http.predict.jsonbody import check_told
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Invocation, Outputs, Question, Single

if TYPE_CHECKING:  # it is loaded with a model that needs it
    from mlaas4hep.core.models.transform import NetworkInput, Transform

MAX_JOINED = 256  #: entries; larger requests are transformed alone

Prepared = tuple["NetworkInput", list[dict[str, Any]]]  #: with what identifies each entry


@dataclass(frozen=True, slots=True)
class Entries:
    """One request for predictions of raw entries."""

    values: Sequence[Any]
    truths: bool = False  #: true or false may be among the values

    @property
    def rows(self) -> int:
        """Return how many there are."""
        return len(self.values)

    @property
    def kind(self) -> str | None:
        """Return what small requests have in common: they can be transformed together."""
        return "entries" if len(self.values) <= MAX_JOINED and not self.truths else None

    def alone(self, served: LoadedModel) -> Answer | None:
        """Return the answer to an entry in which nothing is odd."""
        is_one = len(self.values) == 1 and not self.truths
        return answer_alone(served, self.values[0]) if is_one else None

    def ask(self, served: LoadedModel) -> Invocation:
        """Return the network's inputs; the answer is what the module's docstring shows."""
        if self.truths:
            check_truths(_transform(served).schema, of_entries(self.values))
        return _invocation(served, _prepared(served, self.values), [len(self.values)], _first)

    def joined(self, others: "Sequence[Entries]") -> Question:
        """Return one question for the entries of several requests."""
        sizes = [len(each.values) for each in others]
        values = list(chain.from_iterable(each.values for each in others))
        return Single(
            lambda served: _invocation(served, _prepared(served, values), sizes, list), len(values)
        )


def entries_of(request: Mapping[str, Any], *, truths: bool = False) -> Question:
    """Return the entries in a JSON object, with `truths` perhaps; one object counts as a list of one.

    Raises:
        InvalidRequestError: there is none, or they come twice.
    """
    if "branches" in request:
        return _branches_of(request, truths=truths)
    values = request["entries"]
    if isinstance(values, dict):
        values = [values]
    if not isinstance(values, list) or not values:
        raise InvalidRequestError("`entries` is not a list of objects, or is empty")
    return Entries(values, truths)


def _branches_of(request: Mapping[str, Any], *, truths: bool) -> Question:
    branches = request["branches"]
    if "entries" in request or not isinstance(branches, dict):
        raise InvalidRequestError(
            "send `entries`, a list of objects, or `branches`, an object of lists"
        )
    rows = bybranch.entries_in(branches)

    def ask(served: LoadedModel) -> Invocation:
        transform = _transform(served)
        if truths:
            check_truths(transform.schema, of_branches(branches))
        prepared = transform.prepare(
            bybranch.columns(transform.schema, branches, transform.own_types)
        )
        identifiers = bybranch.identifiers(transform.schema, branches)
        return _invocation(served, (prepared, identifiers), [rows], _first)

    return Single(ask, rows)


def asking_entries(model: str, entries: Question) -> Asking:
    """Return what asks for predictions of entries; they are told with their flags, as JSON."""

    def to_answer(result: Result | Answer, tally: Tally) -> Answer:
        tally.rows += entries.rows
        if isinstance(result, Answer):
            return result
        tally.outside += sum(map(bool, result["outside"]))
        tally.cut += result["passed"].count(False)
        return answer_of(result)

    return Asking(model, entries, to_answer)


def _first(results: list[Result]) -> Result:
    return results[0]


def _prepared(served: LoadedModel, values: Sequence[Any]) -> Prepared:
    transform = _transform(served)
    return transform.prepare_entries(values), byentry.identifiers(transform.schema, values)


def _invocation(
    served: LoadedModel,
    given: Prepared,
    sizes: Sequence[int],
    choose: Callable[[list[Result]], Any],
) -> Invocation:
    """Return the inputs for entries of requests of `sizes` entries.

    If no entry passes the cuts, one row of zeros stands in; its prediction is shown to nobody.
    """
    prepared, identifiers = given
    name = only_input(served).name
    feeds = prepared.feeds(name)

    def answer(outputs: Outputs) -> Any:
        values = row_output(served, outputs, len(feeds[name]))
        check_told(values)
        predictions = _in_places(_shown(served, values), prepared)
        results, start = [], 0
        for size in sizes:
            here = slice(start, start + size)
            results.append(
                result_of(
                    served,
                    predictions[here],
                    prepared.passed[here].tolist(),
                    prepared.outside[here],
                    prepared.truncated[here],
                    identifiers=identifiers[here],
                )
            )
            start += size
        return choose(results)

    return Invocation(feeds, answer)


def _transform(served: LoadedModel) -> "Transform":
    if served.transform is None:
        raise InvalidRequestError(
            f"model {served.record.name!r} was not trained here: nobody knows its branches",
            hint='send the network\'s inputs: {"keys": [], "values": []}',
        )
    return served.transform


def _shown(served: LoadedModel, outputs: Array) -> Array | list[Any]:
    """Return one prediction for each row: a number, several, or several outputs by name."""
    if served.contract is not None and served.contract.outputs:
        return [by_output(row, served.contract) for row in outputs.tolist()]
    return outputs.reshape(-1) if outputs.ndim > 1 and outputs[0].size == 1 else outputs


def _in_places(outputs: Array | list[Any], prepared: "NetworkInput") -> Array | list[Any]:
    """Return one prediction for each entry, None where it did not pass."""
    if len(prepared.x) == len(prepared.passed):
        return outputs
    found = iter(outputs)
    return [next(found) if each else None for each in prepared.passed]
