"""Boosted trees of XGBoost and LightGBM inside of pipelines, stacks and the like, as ONNX."""

from typing import Any

from mlaas4hep.adapters.trainers.sklearn.estimators import parts

#: What the converters of trees know; skl2onnx would choose later operators.
OPSETS = {"": 18, "ai.onnx.ml": 3}
_OF_CLASSES = {"nocl": [True, False], "zipmap": [True, False, "columns"]}


def teach(estimator: Any) -> bool:
    """Tell skl2onnx how the trees inside an estimator are converted; return whether there are any."""
    libraries = {type(each).__module__.partition(".")[0] for each in parts(estimator)}
    found = [_LIBRARIES[name] for name in sorted(libraries & _LIBRARIES.keys())]
    for tell in found:
        tell()
    return bool(found)


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


def _register(kind: type[Any], convert: Any, options: Any) -> None:
    from skl2onnx import update_registered_converter  # noqa: PLC0415 - only where the extra is
    from skl2onnx.common import shape_calculator  # noqa: PLC0415

    shapes = (
        shape_calculator.calculate_linear_classifier_output_shapes
        if options is _OF_CLASSES
        else shape_calculator.calculate_linear_regressor_output_shapes
    )
    update_registered_converter(kind, f"Mlaas{kind.__name__}", shapes, convert, options=options)


_LIBRARIES = {"lightgbm": _lightgbm, "xgboost": _xgboost}
