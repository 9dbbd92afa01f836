"""From validation, folds and fold_by of params.json to a checked `Splitting`."""

from collections.abc import Mapping
from typing import Any

from mlaas4hep.core.data.planning.splitting import MOST_FOLDS, Splitting
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.requests.params.expressions import HINT
from mlaas4hep.core.requests.wrongvalue import wrong_param
from mlaas4hep.errors import InvalidRequestError

KEYS = ("validation", "folds", "fold_by")


def parse_splitting(content: Mapping[str, Any]) -> Splitting:
    """Return what these keys of params.json say.

    Raises:
        InvalidRequestError: one has a wrong value, or they contradict each other.
    """
    folds = content.get("folds", 0)
    is_count = isinstance(folds, int) and not isinstance(folds, bool)
    if "folds" in content and not (is_count and 0 < folds <= MOST_FOLDS):
        raise wrong_param("folds", folds, f"a whole number from 2 to {MOST_FOLDS}")
    if folds == 1:
        raise wrong_param(
            "folds", folds, "at least 2: a model must not validate what it learned from"
        )
    found = Splitting(
        validation=_expression("validation", content),
        folds=folds,
        fold_by=_expression("fold_by", content),
    )
    if found.validation and (found.folds or found.fold_by):
        raise InvalidRequestError(
            "params.json: validation and folds are both given", hint="each fold validates itself"
        )
    if found.fold_by and not found.folds:
        raise InvalidRequestError(
            "params.json: fold_by is given, but not how many folds there are", hint='"folds": 5'
        )
    for key in ("validation", "folds"):
        if getattr(found, key) and "split" in content:
            raise InvalidRequestError(
                f"params.json: {key} and split are both given", hint="leave one of them away"
            )
    return found


def _expression(key: str, content: Mapping[str, Any]) -> str:
    text = content.get(key, "")
    if not isinstance(text, str):
        raise wrong_param(key, text, "an expression such as 'event % 5 == 0'")
    text = text.strip()
    if text and not text.isidentifier():
        try:
            Expression.parse(text)
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"params.json: {key} {text!r}: {error}", hint=error.problem.hint or HINT
            ) from error
    return text
