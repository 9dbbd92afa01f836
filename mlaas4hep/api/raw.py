"""Raw entries: branches as they are in the files, transformed here exactly as for training.

Request, at `/json` or `/`:

    {"model": "luca_1",
     "entries": [{"run": 1, "njets": 3, "Muon_pt": [41.2, 12.0]}, …]}

Every branch that the model needs must be there, and no other, except identifiers (such as `run`),
which may be there and come back. A flat branch is a number, a jagged one a list; `null` is a
missing value. The answer has one place for each entry, in order:

    {"model": "luca_1", "version": "3f…",
     "predictions": [0.086, null],         a number, or a list if the network has several outputs;
                                           null: the entry does not pass the cuts of preproc.json
     "passed": [true, false],
     "outside": [["njets"], []],           branches with a value that training has never seen:
                                           the prediction is an extrapolation
     "truncated": [[], []],                branches whose row is longer than the longest in
                                           training: what is too long was left out
     "identifiers": [{"run": 1}, {}],      only if there were any
     "classes": ["background", "signal"]}  only if the labels were names
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlaas4hep.api.batching import Feeds, Outputs
from mlaas4hep.api.desk import Desk, first_output, only_input
from mlaas4hep.api.http import Answer, Call, json_answer
from mlaas4hep.core import entries as raw_entries
from mlaas4hep.core.columns import Array
from mlaas4hep.core.transform import Prepared, Transform
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.steps.predict import Served


@dataclass(slots=True, kw_only=True)
class Entries:
    """One request for predictions of raw entries, and what they became."""

    values: Sequence[Mapping[str, Any]]
    prepared: Prepared | None = None

    def feeds(self, served: Served) -> Feeds:
        """Return the network's inputs for the entries that pass the cuts.

        If none passes, one row of zeros stands in; its prediction is shown to nobody.
        """
        transform = _transform(served)
        columns = raw_entries.columns(transform.schema, self.values)
        self.prepared = transform.prepare(columns)
        x = self.prepared.x
        return {only_input(served).name: x if len(x) else np.zeros((1, x.shape[1]), x.dtype)}

    def answer(self, served: Served, outputs: Outputs) -> dict[str, Any]:
        """Return what the module's docstring shows."""
        prepared = self.prepared
        assert prepared is not None  # noqa: S101 - `feeds` comes first
        answer: dict[str, Any] = {
            "model": served.record.name,
            "version": served.record.version,
            "predictions": _in_places(first_output(served, outputs), prepared.passed),
            "passed": prepared.passed.tolist(),
            "outside": prepared.outside,
            "truncated": prepared.truncated,
        }
        identifiers = raw_entries.identifiers(_transform(served).schema, self.values)
        if any(identifiers):
            answer["identifiers"] = identifiers
        if served.contract is not None and served.contract.classes:
            answer["classes"] = served.contract.classes
        return answer


def entries_of(request: Mapping[str, Any]) -> Entries:
    """Return the entries in a JSON object; a single object counts as a list of one."""
    values = request["entries"]
    if isinstance(values, dict):
        values = [values]
    if not isinstance(values, list):
        raise InvalidRequestError("`entries` is not a list of objects")
    return Entries(values=values)


async def predict_entries(desk: Desk, call: Call, model: str, entries: Entries) -> Answer:
    """Return predictions and flags as JSON."""

    def answer(served: Served, outputs: Outputs) -> Answer:
        result = entries.answer(served, outputs)
        tally = desk.tally(served)
        tally.requests += 1
        tally.rows += len(entries.values)
        tally.outside += sum(map(bool, result["outside"]))
        tally.cut += result["passed"].count(False)
        return json_answer(result)

    result: Answer = await desk.predict(call, model, entries.feeds, answer)
    return result


def _transform(served: Served) -> Transform:
    if served.transform is None:
        raise InvalidRequestError(
            f"model {served.record.name!r} was not trained here: nobody knows its branches",
            hint='send the network\'s inputs: {"keys": [], "values": []}',
        )
    return served.transform


def _in_places(outputs: Array, passed: Array) -> Array | list[Any]:
    """Return one prediction for each entry, None where it did not pass."""
    if outputs.ndim > 1 and outputs[0].size == 1:
        outputs = outputs.reshape(-1)
    if passed.all():
        return outputs
    found = iter(outputs)
    return [next(found) if each else None for each in passed]
