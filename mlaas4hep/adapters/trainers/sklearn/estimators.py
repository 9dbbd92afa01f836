"""What an estimator of scikit-learn is, and what of it cannot be done here."""

from collections.abc import Iterator
from typing import Any

from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import get_tags

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError, kind_of
from mlaas4hep.core.nearest import nearest

_LEARN_NO_LABELS = ("clusterer", "density_estimator", "outlier_detector")


def is_estimator(made: object) -> bool:
    """Tell whether it is an estimator, or something that is used like one."""
    if isinstance(made, type) or not callable(getattr(made, "fit", None)):
        return False
    if callable(getattr(made, "predict", None)):
        return True
    return isinstance(made, BaseEstimator) and (is_classifier(made) or is_regressor(made))


def classifies(estimator: Any) -> bool:
    """Tell it of estimators by their tags, and of somebody's own class by its methods."""
    has_tags = hasattr(estimator, "__sklearn_tags__")
    return hasattr(estimator, "predict_proba") or (has_tags and is_classifier(estimator))


def learns_in_steps(estimator: Any) -> bool:
    """Tell whether it can learn chunk by chunk as it is: some arguments need the whole sample."""
    balanced = getattr(estimator, "class_weight", None) == "balanced"
    stops = getattr(estimator, "early_stopping", False) is True
    return callable(getattr(estimator, "partial_fit", None)) and not (balanced or stops)


def is_search(estimator: Any) -> bool:
    """Tell whether it tries arguments of the estimator that it holds."""
    return isinstance(estimator, BaseSearchCV)


def innermost(estimator: Any) -> Any:
    """Return what learns inside of pipelines and searches."""
    while True:
        if getattr(estimator, "steps", None):
            estimator = estimator.steps[-1][1]
        elif is_search(estimator):
            estimator = estimator.estimator
        else:
            return estimator


def parts(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and all inside it."""
    if not isinstance(estimator, BaseEstimator):
        return
    yield estimator
    for value in estimator.get_params(deep=True).values():
        if isinstance(value, BaseEstimator):
            yield value


def check_instances(estimator: Any) -> None:
    """Refuse a class where an estimator is due, in steps of pipelines and the like.

    Raises:
        TrainingError: names what holds it.
    """
    if not isinstance(estimator, BaseEstimator):
        return
    for value in estimator.get_params(deep=False).values():
        for held in _held(value):
            if isinstance(held, type) and callable(getattr(held, "fit", None)):
                raise TrainingError(
                    f"{MODEL_FILE}: {type(estimator).__name__} holds {kind_of(held)}, not an estimator",
                    f"write {held.__name__}(), an instance",
                )
            check_instances(held)


def _held(value: Any) -> Iterator[Any]:
    """Yield a value, and what stands in lists and in tuples such as (name, step)."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _held(each)
    else:
        yield value


def check_arguments(estimator: Any) -> None:
    """Refuse arguments that scikit-learn does not take, or whose scores are not those of classes.

    Raises:
        TrainingError: names it.
    """
    for each in parts(estimator):
        _check_scores(each)
        _check_searched(each)
        if not hasattr(each, "_parameter_constraints"):  # somebody's own class
            continue
        try:
            each._validate_params()  # noqa: SLF001 - what `fit` does first
        except ValueError as error:
            raise TrainingError(
                f"{MODEL_FILE}: {error}", "see its arguments in scikit-learn's pages"
            ) from error


def _check_scores(estimator: Any) -> None:
    name = f"{MODEL_FILE}: {type(estimator).__name__}"
    by_pairs = getattr(estimator, "decision_function_shape", "ovr") == "ovo"
    if by_pairs and not hasattr(estimator, "predict_proba"):
        raise TrainingError(
            f"{name}(decision_function_shape='ovo') gives a score for each pair of classes, not for"
            " each class",
            "leave decision_function_shape away",
        )
    if is_search(estimator) and not estimator.refit:
        raise TrainingError(
            f"{name}(refit=False) ends with nothing that predicts", "leave refit away"
        )


def oddities(estimator: Any) -> tuple[str, ...]:
    """Return what the author of an estimator may not expect."""
    last = innermost(estimator)
    found = [
        f"{type(each).__name__}(handle_unknown='error') has no prediction for an entry with a value"
        " that no entry had in training"
        for each in parts(estimator)
        if getattr(each, "handle_unknown", "") == "error"
    ]
    if isinstance(last, BaseEstimator) and get_tags(last).estimator_type in _LEARN_NO_LABELS:
        told = "does not learn from labels: its numbers are no probabilities of classes"
        found.append(
            f"{type(last).__name__} {told}, and figures compare them with labels nevertheless"
        )
    return tuple(dict.fromkeys(found))


def _check_searched(estimator: Any) -> None:
    """Refuse names that a search would set, and that what it holds does not have."""
    if not is_search(estimator):
        return
    grid: Any = getattr(estimator, "param_grid", None)
    grid = grid or getattr(estimator, "param_distributions", ())
    asked = sorted({name for each in ([grid] if isinstance(grid, dict) else grid) for name in each})
    known = sorted(estimator.estimator.get_params())
    unknown = next((name for name in asked if name not in known), None)
    if unknown is not None:
        raise TrainingError(
            f"{MODEL_FILE}: {type(estimator).__name__} varies {unknown!r}, and "
            f"{type(estimator.estimator).__name__} has no such argument",
            nearest(unknown, known) or f"it has {', '.join(known)[:300]}",
        )
