"""What a LightGBM estimator says, as the booster takes it; what cannot be done here is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightgbm
import numpy as np

from mlaas4hep.adapters.trainers import categories, trees
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.nearest import nearest

_STOP = ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change")
_ROUNDS = (
    "num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees", "num_round", "num_rounds",
    "nrounds", "num_boost_round", "max_iter", "n_estimators",
)  # fmt: skip
_USUAL_ROUNDS = 100
_BOOSTINGS = ("boosting", "boosting_type", "boost")
_CATEGORIES = ("categorical_feature", "cat_feature", "categorical_column", "cat_column")
_METRICS = ("metric", "metrics", "metric_types")
_SEVERAL = ("multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr")
_RANKS = ("lambdarank", "rank_xendcg", "xendcg", "xe_ndcg", "xe_ndcg_mart", "xendcg_mart")
_OF_PREDICTIONS = (
    "predict_raw_score", "predict_leaf_index", "predict_contrib", "start_iteration_predict",
    "num_iteration_predict", "pred_early_stop",
)  # fmt: skip
_OF_FILES = (
    "data", "valid", "input_model", "output_model", "save_binary", "initscore_filename", "header",
    "label_column", "weight_column", "group_column", "ignore_column",
)  # fmt: skip
_THREADS = ("num_threads", "num_thread", "nthread", "nthreads", "n_jobs")
_DRAWN_BY_THREADS = (
    "use_quantized_grad rounds by chance, and each thread of LightGBM draws its own numbers: with the"
    " same seed, as many processors give the same trees, and more or fewer give others; n_jobs=4 (or"
    " another number) or stochastic_rounding=False gives the same trees everywhere"
)
_NOT_FOR_BOOSTERS = {"class_weight", "importance_type", *_ROUNDS, *_STOP, *_CATEGORIES}


def booster_params(made: Any, job: TrainingJob) -> dict[str, Any]:
    """Return the parameters of an estimator as the booster takes them.

    Raises:
        TrainingError: one asks for what is not done here, or there is none of that name.
    """
    given = made.get_params()
    _check_arguments(given)
    _check_names(made)
    params = {
        name: value
        for name, value in given.items()
        if value is not None and name not in _NOT_FOR_BOOSTERS
    }
    usual = "binary" if isinstance(made, lightgbm.LGBMClassifier) else "regression"
    params.setdefault("objective", usual)
    params.setdefault("random_state", job.params.seed)
    if params["objective"] in _RANKS or isinstance(made, lightgbm.LGBMRanker):
        trees.refuse_ranker(params["objective"])
    check_two(params, len(job.labels))
    trees.check_rounds(rounds(made))
    by_rows = not params.get("force_col_wise")
    return {"verbosity": -1, "deterministic": True, "force_row_wise": by_rows, **params}


def rounds(made: Any) -> int:
    """Return how many rounds there are at most, whatever LightGBM's name for it was used."""
    given = made.get_params()
    return int(
        next((given[name] for name in _ROUNDS if given.get(name) is not None), _USUAL_ROUNDS)
    )


def patience(made: Any) -> tuple[int, float]:
    """Return after how many rounds without a better one it stops, 0: never, and what is better."""
    given = made.get_params()
    found = next((int(given[name]) for name in _STOP if given.get(name)), 0)
    return found, float(given.get("early_stopping_min_delta") or 0.0)


def category_columns(made: Any, job: TrainingJob) -> tuple[int, ...]:
    """Return the numbers of the columns that hold categories, all of params.json unless some are named.

    Raises:
        TrainingError: a column that it names holds none.
    """
    given = made.get_params()
    argument = next((name for name in _CATEGORIES if given.get(name) not in (None, "", "auto")), "")
    if not argument:
        return job.categories
    return categories.columns_named(given[argument], argument, job)


def needs_values(params: dict[str, Any]) -> bool:
    """Tell whether leaves hold linear models, which are made of the values themselves."""
    return any(params.get(name) for name in ("linear_tree", "linear_trees"))


def is_dart(params: dict[str, Any]) -> bool:
    """Tell whether later rounds change the trees, whatever LightGBM's name for it was used."""
    return "dart" in [params.get(name) for name in _BOOSTINGS]


def several(params: dict[str, Any], classes: int) -> dict[str, Any]:
    """Return the parameters for this many classes, at least two."""
    if classes == 2:  # noqa: PLR2004 - told by one number
        return params
    is_known = params["objective"] in _SEVERAL
    objective = params["objective"] if is_known else "multiclass"
    return {**params, "objective": objective, "num_class": classes}


def check_two(params: dict[str, Any], classes: int) -> None:
    """Refuse an objective of several classes where there are two.

    Raises:
        TrainingError: names it.
    """
    if classes == 2 and params["objective"] in _SEVERAL:  # noqa: PLR2004
        trees.refuse_several(params["objective"], "binary")


def check_by_trying(
    params: dict[str, Any], about_columns: dict[str, Any], job: TrainingJob, *, classifies: bool
) -> None:
    """Do one round on entries that are none.

    Raises:
        TrainingError: LightGBM does not take the parameters, or has no such metric.
    """

    def attempt(labels: Any) -> None:
        asked = several(params, int(labels.max()) + 1) if classifies else params
        _try(asked, about_columns, labels, job)

    is_several = params["objective"] in _SEVERAL
    trees.on_tried_labels(attempt, job, classifies=classifies, is_several=is_several)


def _try(
    params: dict[str, Any], about_columns: dict[str, Any], labels: Any, job: TrainingJob
) -> None:
    rows = categories.tried_rows(trees.TRIED, job).astype(np.float64)
    with told():
        data = lightgbm.Dataset(rows, labels, params=params, **about_columns)
        booster = lightgbm.Booster(params, data)
        booster.update()
        figures = booster.eval_train()
    asked = next((params[name] for name in _METRICS if params.get(name)), None)
    if not figures and asked is not None:
        raise TrainingError(
            f"{MODEL_FILE}: LightGBM has no metric {asked!r}, so no round would have a figure",
            "leave metric away, or metric='auc'",
        )


@contextmanager
def told() -> Iterator[None]:
    """Tell what LightGBM refuses in words.

    Raises:
        TrainingError: in the place of what LightGBM raises.
    """
    try:
        yield
    except (lightgbm.basic.LightGBMError, ValueError, TypeError) as error:
        raise TrainingError(
            f"{MODEL_FILE}: LightGBM: {error}",
            "see the list in LightGBM's documentation of parameters",
        ) from error


def oddities(params: dict[str, Any]) -> tuple[str, ...]:
    """Return what the author of a model may not expect of its parameters."""
    found = []
    if params.get("zero_as_missing") or params.get("use_missing") is False:
        which = "zero_as_missing" if params.get("zero_as_missing") else "use_missing=False"
        found.append(trees.doubtful_missing(which))
    draws = params.get("use_quantized_grad") and params.get("stochastic_rounding", True)
    if draws and not any(params.get(name) for name in _THREADS):
        found.append(_DRAWN_BY_THREADS)
    return tuple(found)


def _check_arguments(given: dict[str, Any]) -> None:
    if callable(given.get("objective")) or callable(given.get("metric")):
        raise TrainingError(
            f"{MODEL_FILE}: objective must be a name, not a function",
            "see the list in LightGBM's documentation of parameters",
        )
    if given.get("class_weight") is not None:
        raise TrainingError(
            f"{MODEL_FILE}: class_weight is not used here",
            '"class_weight": "balanced" in params.json does that, or scale_pos_weight=…',
        )


def _check_names(made: Any) -> None:
    """Refuse names that LightGBM does not know, or not for a training: it would leave them unused."""
    aliases = lightgbm.basic._ConfigAliases._get_all_param_aliases()  # noqa: SLF001 - the only list
    for names, told in (
        (_OF_PREDICTIONS, "is about predictions, which here are those of all trees"),
        (_OF_FILES, "is about files that LightGBM reads or writes, and entries come from the run"),
    ):
        these = {alias for name in names for alias in (name, *aliases.get(name, ()))}
        used = next((name for name in made.get_params() if name in these), "")
        if used:
            raise TrainingError(f"{MODEL_FILE}: {used} {told}", f"leave {used} away")
    known = {*aliases, *(alias for each in aliases.values() for alias in each)}
    known |= {*type(made)().get_params(), "metric"}
    unknown = next((name for name in made.get_params() if name not in known), "")
    if unknown:
        raise TrainingError(
            f"{MODEL_FILE}: LightGBM has no parameter {unknown!r}", nearest(unknown, sorted(known))
        )
