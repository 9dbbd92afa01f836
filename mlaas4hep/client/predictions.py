"""Predictions: a deployed model is asked about entries, or about rows of its inputs."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from mlaas4hep.client.calls import Calls, part
from mlaas4hep.client.entries import entry_list, value_list
from mlaas4hep.errors import ConflictError, InvalidRequestError

BATCH = 1000  #: entries in one call
_PARTS = ("predictions", "passed", "outside", "truncated", "identifiers")  #: one place an entry


class Predictions(Calls):
    """What people ask models."""

    def predict(
        self,
        model: str,
        *,
        entries: Any = None,
        values: Any = None,
        keys: Sequence[str] = (),
        owner: str = "",
    ) -> Any:
        """Return what a model says about raw entries, or about rows that are normalised already.

        Args:
            entries: dictionaries of branches; or a table of pandas, polars, Arrow, awkward or
                NumPy, or a dictionary of arrays. Many are sent in several calls.
            values: a row of numbers, or many.
            keys: names of the columns of `values`, if they are in another order.
            owner: whose model it is, if it is shared with you.

        Raises:
            ConflictError: another version of the model was published between two calls.
        """
        if (entries is None) == (values is None):
            raise InvalidRequestError("give either entries or values")
        named = f"{owner}/{model}" if owner else model
        if values is not None:
            named_keys = {"keys": list(keys)} if keys else {}
            return self._ask({"model": named, "values": value_list(values), **named_keys})
        listed = entry_list(entries)
        return _joined(
            self._ask({"model": named, "entries": listed[start : start + BATCH]})
            for start in range(0, len(listed) or 1, BATCH)
        )

    def inputs(self, model: str, *, owner: str = "") -> dict[str, Any]:
        """Return what a model takes: `branches` of entries, `columns` of rows."""
        path = "/".join(["/models", *([part(owner)] if owner else []), part(model)])
        return cast(dict[str, Any], self._send("GET", path, function="predict").json())

    def _ask(self, body: dict[str, Any]) -> Any:
        return self._send("POST", "/json", function="predict", json=body).json()


def _joined(answers: Iterator[Any]) -> Any:
    """Return one answer for the entries of all calls, in their order."""
    whole = next(answers)
    for answer in answers:
        if answer.get("version") != whole.get("version"):
            raise ConflictError(
                f"the model changed from version {whole.get('version')} to {answer.get('version')}"
                " between two calls",
                hint="ask again",
            )
        whole |= {name: whole[name] + answer[name] for name in _PARTS if name in answer}
    return whole
