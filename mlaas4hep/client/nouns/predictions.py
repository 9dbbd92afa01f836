"""Predictions: a deployed model is asked about entries, or about rows of its inputs."""

from collections.abc import Sequence
from typing import Any

from mlaas4hep.client.connections.moves import Asking
from mlaas4hep.client.entries import column_names, entry_list, value_list
from mlaas4hep.client.methods import Operation
from mlaas4hep.client.nouns.calls import Calls, part
from mlaas4hep.errors import ConflictError, InvalidRequestError

BATCH = 1000  #: entries in one call
_PARTS = ("predictions", "passed", "outside", "truncated", "identifiers")  #: one place an entry


class Predictions(Calls):
    """What people ask models."""

    @Operation
    def predict(
        self,
        model: str,
        *,
        entries: Any = None,
        values: Any = None,
        keys: Sequence[str] = (),
        owner: str = "",
    ) -> Asking[Any]:
        """Return what a model says about raw entries, or about rows that are normalised already.

        Args:
            entries: dictionaries of branches; or a table of pandas, polars, Arrow, awkward or
                NumPy, or a dictionary of arrays. Many are sent in several calls.
            values: a row of numbers, or many.
            keys: names of the columns of `values`, if they are in another order; a table of
                pandas or polars says them itself.
            owner: whose model it is, if it is shared with you.

        Raises:
            ConflictError: another version of the model was published between two calls.
        """
        if (entries is None) == (values is None):
            raise InvalidRequestError("give either entries or values")
        named = f"{owner}/{model}" if owner else model
        if values is not None:
            names = keys or column_names(values)
            named_keys = {"keys": list(names)} if names else {}
            asked = {"model": named, "values": value_list(values), **named_keys}
            return (yield from self._ask(asked))
        listed = entry_list(entries)
        whole = yield from self._ask({"model": named, "entries": listed[:BATCH]})
        for start in range(BATCH, len(listed), BATCH):
            some = listed[start : start + BATCH]
            _join(whole, (yield from self._ask({"model": named, "entries": some})))
        return whole

    @Operation
    def inputs(self, model: str, *, owner: str = "") -> Asking[dict[str, Any]]:
        """Return what a model takes: `branches` of entries, `columns` of rows."""
        path = "/".join(["/models", *([part(owner)] if owner else []), part(model)])
        return self._json("GET", path, function="predict")

    def _ask(self, body: dict[str, Any]) -> Asking[Any]:
        return self._json("POST", "/json", function="predict", json=body)


def _join(whole: dict[str, Any], answer: dict[str, Any]) -> None:
    """Add the answer about the next entries to that about those before."""
    if answer.get("version") != whole.get("version"):
        raise ConflictError(
            f"the model changed from version {whole.get('version')} to {answer.get('version')}"
            " between two calls",
            hint="ask again",
        )
    whole |= {name: whole[name] + answer[name] for name in _PARTS if name in answer}
