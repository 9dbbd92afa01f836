"""What an XGBoost estimator says, as the booster takes it; what cannot be done here is refused."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import xgboost

from mlaas4hep.adapters.trainers import categories, tabular, trees
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.core.models.training import TrainingJob

_STAMP = re.compile(r"^(\[[\d:]+\] )?(WARNING: )?(\S+:\d+: )?")  #: time and place in its source


def booster_params(made: Any, job: TrainingJob) -> dict[str, Any]:
    """Return the parameters of an estimator as the booster takes them.

    Raises:
        TrainingError: one asks for what is not done here.
    """
    _check_callables(made)
    params = {name: value for name, value in made.get_xgb_params().items() if value is not None}
    usual = "binary:logistic" if isinstance(made, xgboost.XGBClassifier) else "reg:squarederror"
    params.setdefault("objective", usual)
    params.setdefault("seed", params.pop("random_state", job.params.seed))
    params.pop("missing", None)
    if not params.get("eval_metric"):  # of an empty list XGBoost takes the objective's own
        params.pop("eval_metric", None)
    if isinstance(groups := params.get("interaction_constraints"), list | tuple):
        params["interaction_constraints"] = _by_name(groups, job)
    _check_kind(params, job)
    trees.check_rounds(made.get_num_boosting_rounds())
    return params


def _by_name(groups: Sequence[Sequence[Any]], job: TrainingJob) -> list[list[Any]]:
    """Return groups of columns with names in the place of numbers: XGBoost knows columns by names here."""
    names = tabular.column_names(job)
    known = dict(enumerate(names))
    return [[known.get(each, each) for each in group] for group in groups]


def needs_rows(params: dict[str, Any]) -> bool:
    """Tell whether XGBoost needs the values themselves, and not the bins they fall into."""
    return params.get("tree_method") in ("exact", "approx")


def bins(params: dict[str, Any]) -> int:
    """Return into how many bins values fall; a booster takes only entries with as many."""
    return int(params.get("max_bin", 256))


def output_width(params: dict[str, Any]) -> int:
    """Return how many values there are for an entry, if it is not classified."""
    return int(np.size(params.get("quantile_alpha", 0)))


def check_two(params: dict[str, Any], classes: int) -> None:
    """Refuse an objective of several classes where there are two.

    Raises:
        TrainingError: names it.
    """
    if classes == 2 and params["objective"].startswith("multi:"):  # noqa: PLR2004
        trees.refuse_several(params["objective"], "binary:logistic")


def several(params: dict[str, Any], classes: int) -> dict[str, Any]:
    """Return the parameters for this many classes; two are told by one number."""
    if classes <= 2:  # noqa: PLR2004
        return params
    objective = params["objective"]
    if not objective.startswith("multi:"):
        objective = "multi:softprob"
    return {**params, "objective": objective.replace("softmax", "softprob"), "num_class": classes}


def category_columns(made: Any, job: TrainingJob) -> tuple[int, ...]:
    """Return the numbers of the columns that hold categories, if the estimator knows of any.

    Raises:
        TrainingError: `feature_types` names one that holds none.
    """
    kinds = made.feature_types
    if kinds is None:
        return job.categories if made.enable_categorical else ()
    _check_each(kinds, "feature_types", job)
    return categories.columns_named([kind == "c" for kind in kinds], "feature_types", job)


def about_columns(made: Any, job: TrainingJob) -> dict[str, Any]:
    """Return what XGBoost is told about columns: names, kinds, and how likely each is drawn.

    Raises:
        TrainingError: there are not as many kinds or weights as columns.
    """
    weights = getattr(made, "feature_weights", None)
    if weights is not None:
        _check_each(weights, "feature_weights", job)
    held = category_columns(made, job)
    kinds = ["c" if number in held else "q" for number in range(job.columns)]
    return {
        "feature_names": tabular.column_names(job),
        "feature_types": kinds,
        "feature_weights": weights,
    }


def _check_each(given: Any, argument: str, job: TrainingJob) -> None:
    """Refuse a list that has not one of something for each column."""
    names = tabular.column_names(job)
    if np.shape(given) != (len(names),):
        raise TrainingError(
            f"{MODEL_FILE}: {argument} has {np.size(given)} values, and there are {len(names)} columns",
            f"one for each of {', '.join(names)}",
        )


def tried(made: Any, params: dict[str, Any], job: TrainingJob) -> tuple[str, ...]:
    """Do one round on entries that are none; return what XGBoost says about the parameters.

    Raises:
        TrainingError: XGBoost does not take them.
    """
    return trees.on_tried_labels(
        lambda labels: _tried(made, params, job, labels),
        job,
        classifies=isinstance(made, xgboost.XGBClassifier),
        is_several=params["objective"].startswith("multi:"),
    )


def _tried(made: Any, params: dict[str, Any], job: TrainingJob, labels: Any) -> tuple[str, ...]:
    rows = categories.tried_rows(trees.TRIED, job)
    if isinstance(made, xgboost.XGBClassifier) and not job.label_columns.names:
        params = several(params, int(labels.max()) + 1)
    how = about_columns(made, job)
    with told(job), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if needs_rows(params):
            data = xgboost.DMatrix(rows, labels, **how, enable_categorical=True)
        else:
            data = xgboost.QuantileDMatrix(
                rows, labels, max_bin=bins(params), **how, enable_categorical=True
            )
        booster = xgboost.Booster(params, [data])
        booster.update(data, 0)
        booster.eval_set([(data, "train")])
    return tuple(f"XGBoost: {_first_line(str(each.message))}" for each in caught)


@contextmanager
def told(job: TrainingJob) -> Iterator[None]:
    """Tell what XGBoost refuses in words.

    Raises:
        TrainingError: in the place of what XGBoost raises.
    """
    try:
        yield
    except (xgboost.core.XGBoostError, ValueError, TypeError) as error:
        said = _first_line(str(error))
        of_columns = "feature" in said.lower()
        raise TrainingError(
            f"{MODEL_FILE}: XGBoost: {said}",
            f"columns are called {', '.join(tabular.column_names(job))}"
            if of_columns
            else "see the list in XGBoost's documentation of parameters",
        ) from error


def oddities(made: Any, job: TrainingJob) -> tuple[str, ...]:
    """Return what the author of a model may not expect: `missing` does nothing, categories are numbers."""
    found: tuple[str, ...]
    found = () if np.isnan(made.missing) else (trees.unused_missing(f"missing={made.missing:g}"),)
    if job.categories and not category_columns(made, job):
        names = ", ".join(tabular.column_names(job)[number] for number in job.categories)
        told = f"XGBoost takes categories ({names}) for numbers"
        found += (f"{told}: enable_categorical=True in model.py tells it",)
    return found


def _check_callables(made: Any) -> None:
    if callable(made.objective) or callable(made.eval_metric):
        raise TrainingError(
            f"{MODEL_FILE}: objective and eval_metric must be names, not functions",
            "see the list in XGBoost's documentation of parameters",
        )
    if made.callbacks:
        raise TrainingError(
            f"{MODEL_FILE}: callbacks of XGBoost are not called here",
            "early_stopping_rounds=… ends a training early; leave callbacks away",
        )


#: What these want or give, and what no figure here is made for.
_SURVIVAL = {
    "survival:aft": "wants a lower and an upper label for an entry",
    "survival:cox": "gives hazards, and no figure here compares those with the times of labels",
}


def _check_kind(params: dict[str, Any], job: TrainingJob) -> None:
    objective = params["objective"]
    if objective.startswith("rank:"):
        trees.refuse_ranker(objective)
    if objective in _SURVIVAL:
        raise TrainingError(
            f"{MODEL_FILE}: objective {objective} {_SURVIVAL[objective]}",
            "objective='reg:squarederror' learns a number for each entry",
        )
    if params.get("booster") == "gblinear":
        raise TrainingError(
            f"{MODEL_FILE}: booster gblinear has no trees, which are what is served",
            "scikit-learn's LogisticRegression or LinearRegression is such a model",
        )
    check_two(params, len(job.labels))


def _first_line(text: str) -> str:
    """Return what XGBoost says without the time and the place in its source."""
    said = " ".join(text.partition("Stack trace")[0].split())
    return _STAMP.sub("", said)
