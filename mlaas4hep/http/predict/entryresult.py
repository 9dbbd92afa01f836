"""What raw entries are answered with: predictions, flags, and which class each number is for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.http.predict.call import Answer, json_answer
from mlaas4hep.http.predict.classes import headers_of
from mlaas4hep.serving.loadedmodel import LoadedModel

Result = dict[str, Any]
Flags = Sequence[Sequence[str]]  #: names of branches, for each entry


def result_of(
    served: LoadedModel,
    predictions: Array | list[Any],
    passed: list[bool],
    outside: Flags,
    truncated: Flags,
    *,
    identifiers: Sequence[Result] = (),
) -> Result:
    """Return what is told of some entries; one place in each argument is for one entry."""
    result: Result = {
        "model": served.record.name,
        "version": served.record.version,
        "predictions": predictions,
        "passed": passed,
        "outside": outside,
        "truncated": truncated,
    }
    if any(identifiers):
        result["identifiers"] = identifiers
    contract = served.contract
    if contract is not None and (names := contract.names):
        result["classes"] = names
    if contract is not None and contract.positive:
        result["positive"] = contract.positive  # the class that the score is for
    return result


def answer_of(result: Result) -> Answer:
    """Return the answer that tells a result."""
    return json_answer(result, headers=headers_of(_named(result)))


def _named(result: Result) -> tuple[str, ...]:
    """Return the class of each number of a prediction."""
    told = result["predictions"]
    if isinstance(told, np.ndarray):
        numbers = 1 if told.ndim == 1 else told.shape[1]
    else:  # some entries did not pass, or there are several outputs
        first = next((each for each in told if each is not None), None)
        numbers = len(first) if isinstance(first, np.ndarray) and first.ndim else 1
    if numbers == 1:
        return (result["positive"],) if "positive" in result else ()
    return tuple(result.get("classes", ()))
