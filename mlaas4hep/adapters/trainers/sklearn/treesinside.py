"""Trees that skl2onnx needs help with, also inside of pipelines, stacks and the like."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mlaas4hep.adapters.trainers.sklearn.estimators import parts

#: What the converters of trees know; skl2onnx would choose later operators.
OPSETS = {"": 18, "ai.onnx.ml": 3}
_OF_CLASSES = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
_OF_HISTOGRAMS = {**_OF_CLASSES, "raw_scores": [True, False]}


def teach(estimator: Any) -> None:
    """Tell skl2onnx how the trees inside an estimator are converted."""
    libraries = {type(each).__module__.partition(".")[0] for each in parts(estimator)}
    for name in sorted(libraries & _LIBRARIES.keys()):
        _LIBRARIES[name]()


def _lightgbm() -> None:
    from lightgbm import LGBMClassifier, LGBMRegressor  # noqa: PLC0415 - model.py imported it
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import (  # noqa: PLC0415 - the extra
        convert_lightgbm,
    )

    _register(LGBMClassifier, convert_lightgbm, _OF_CLASSES)
    _register(LGBMRegressor, convert_lightgbm, {"split": None})


def _xgboost() -> None:
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import (  # noqa: PLC0415 - the extra
        convert_xgboost,
    )
    from xgboost import XGBClassifier, XGBRegressor  # noqa: PLC0415 - model.py imported it

    _register(XGBClassifier, convert_xgboost, _OF_CLASSES)
    _register(XGBRegressor, convert_xgboost, None)


def _histograms() -> None:
    """Let scikit-learn's own boosted trees be written as numbers that ONNX takes."""
    from skl2onnx.common._registration import get_converter  # noqa: PLC0415 - the extra
    from sklearn.ensemble import (  # noqa: PLC0415 - only to be converted
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    for kind, options in (
        (HistGradientBoostingClassifier, _OF_HISTOGRAMS),
        (HistGradientBoostingRegressor, None),
    ):
        _register(kind, _with_plain_numbers(get_converter(f"Sklearn{kind.__name__}")), options)


def _register(kind: type[Any], convert: Any, options: Any) -> None:
    from skl2onnx import update_registered_converter  # noqa: PLC0415 - only where the extra is
    from skl2onnx.common import shape_calculator  # noqa: PLC0415

    shapes = (
        shape_calculator.calculate_linear_classifier_output_shapes
        if hasattr(kind, "predict_proba")
        else shape_calculator.calculate_linear_regressor_output_shapes
    )
    update_registered_converter(kind, f"Mlaas{kind.__name__}", shapes, convert, options=options)


def _with_plain_numbers(convert: Callable[..., None]) -> Callable[..., None]:
    def converted(scope: Any, operator: Any, container: Any) -> None:
        convert(scope, operator, _PlainNumbers(container))

    return converted


class _PlainNumbers:
    """A graph that takes truth values for the whole numbers that ONNX has in their place."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *where: Any, **attributes: Any) -> None:
        """Add a node whose attributes are numbers."""
        plain = {name: _plain(values) for name, values in attributes.items()}
        self._container.add_node(*where, **plain)


def _plain(values: Any) -> Any:
    if not isinstance(values, list):
        return values
    return [int(each) if isinstance(each, bool | np.bool_) else each for each in values]


_LIBRARIES = {"lightgbm": _lightgbm, "xgboost": _xgboost, "sklearn": _histograms}
