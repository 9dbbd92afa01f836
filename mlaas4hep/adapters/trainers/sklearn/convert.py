"""An estimator as ONNX, and how it takes weights."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sklearn.base import is_classifier

from mlaas4hep.adapters.native.sklearn import scores
from mlaas4hep.adapters.trainers import onnxfile
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.sklearn.estimators import innermost, is_search, parts
from mlaas4hep.adapters.trainers.sklearn.treesinside import OPSETS, teach
from mlaas4hep.core.models.bundle.conversion import Converted

_TWO = 2  #: classes, told by one number
_CONVERTED = ("sklearn", "xgboost", "lightgbm")  #: packages whose classes have converters
_ENDLESS = "QuantileTransformer"  #: skl2onnx looks at its graph again and again, for hours
_PLAIN = "LinearSVC"  #: gives plain numbers, and its converter does not know the option for them
#: Whose decisions the converter gives only if it is asked to.
_WITH_RAW_SCORES = ("SVC", "NuSVC", "LinearSVC", "RidgeClassifier", "RidgeClassifierCV")


def write_onnx(folder: Path, estimator: Any, sample: Floats, labels: int = 1) -> Converted:
    """Write model.onnx if the estimator, which learned `labels` columns, converts."""
    found = estimator.best_estimator_ if is_search(estimator) else estimator

    def converted() -> Any:
        from skl2onnx import to_onnx  # noqa: PLC0415 - only where the extra is

        _check_converters(found)
        teach(found)
        with _votes_apart(found):
            model = to_onnx(found, sample[:1], options=_options(found), target_opset=OPSETS)
        if labels > 1:
            return onnxfile.by_label(model, sample[: labels + 1], labels)
        of_two = len(getattr(found, "classes_", ())) == _TWO
        if hasattr(found, "predict_proba"):
            return onnxfile.scores_only(model, 1 if of_two else None)
        if is_classifier(found) and hasattr(found, "decision_function"):
            return onnxfile.decisions_only(model, -1 if of_two else None)
        return model

    return onnxfile.write(folder, converted, sample, scores(estimator, sample))


def _check_converters(estimator: Any) -> None:
    """Refuse what has no converter, in words: the library's own are about its inside.

    Raises:
        NoConverterError: names the class.
    """
    for each in (estimator, *parts(estimator)):
        kind = type(each)
        if kind.__name__ == _ENDLESS:
            raise onnxfile.NoConverterError(f"the converter of {_ENDLESS} does not end")
        if kind.__module__.partition(".")[0] not in _CONVERTED:
            raise onnxfile.NoConverterError(
                f"{kind.__name__} is a class of model.py, and there are converters only for those"
                " of scikit-learn, XGBoost and LightGBM; predictions are served without it, and"
                " who needs the file takes one of these, Keras or PyTorch"
            )


@contextmanager
def _votes_apart(estimator: Any) -> Iterator[None]:
    """Let `transform` of votes, which nobody asks for, be the one that the converter knows."""
    joined = [each for each in parts(estimator) if getattr(each, "flatten_transform", False)]
    for each in joined:
        each.flatten_transform = False
    try:
        yield
    finally:
        for each in joined:
            each.flatten_transform = True


def _options(estimator: Any) -> dict[int, dict[str, bool]]:
    """Return what the converter is told: plain numbers, and decisions as they are."""
    given: dict[int, dict[str, bool]] = {}
    if is_classifier(estimator):
        given[id(estimator)] = {} if type(estimator).__name__ == _PLAIN else {"zipmap": False}
    last = innermost(estimator)
    if not hasattr(estimator, "predict_proba") and type(last).__name__ in _WITH_RAW_SCORES:
        given.setdefault(id(last), {})["raw_scores"] = True
    return given


def weight_name(estimator: Any, method: str = "fit") -> str:
    """Return the keyword under which weights of entries go into what it learns by.

    A search hands them on to what it looks for, a pipeline to its last step.

    Args:
        estimator: that learns.
        method: by which: "fit", or "partial_fit", which may take other arguments.

    Raises:
        TrainingError: it takes none.
    """
    if is_search(estimator):
        return weight_name(estimator.estimator, method)
    steps = getattr(estimator, "steps", None)
    if steps:
        name, last = steps[-1]
        return f"{name}__{weight_name(last, method)}"
    learning = getattr(estimator, method, estimator.fit)
    if "sample_weight" not in inspect.signature(learning).parameters:
        takes = "takes" if method == "fit" else f"learns by {method}, which takes"
        raise TrainingError(
            f"{type(estimator).__name__} {takes} no weights of entries",
            "use another estimator, or leave weight, balance and class_weight of params.json away",
        )
    return "sample_weight"
