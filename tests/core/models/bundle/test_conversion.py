from mlaas4hep.core.models.bundle.conversion import NOT_INSTALLED, Conversion, NotMade, failures


def test_models_of_folds_that_fail_alike_are_told_once():
    found = [
        NotMade(file="fold0/model.onnx", reason="no such operation"),
        NotMade(file="fold1/model.onnx", reason="no such operation"),
        NotMade(file="fold1/model.tflite", reason="too large"),
    ]

    assert failures(found) == ("no model.onnx: no such operation", "no model.tflite: too large")


def test_an_extra_that_is_not_installed_is_no_failure_of_a_model():
    assert failures([NotMade(file="model.onnx", reason=NOT_INSTALLED)]) == ()


def test_a_difference_that_is_no_number_does_not_agree():
    assert not Conversion(file="model.onnx", difference=float("nan"), tolerance=1.0).agrees
    assert Conversion(file="model.onnx", difference=0.5, tolerance=0.5).agrees
