"""What a run is worth, in lines."""

import pytest

from mlaas4hep.core.runs.figures import figures, quality


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"test_auc": 0.80612, "test_auc_error": 0.0123}, ["held-out AUC 0.806 ± 0.012"]),
        ({"val_auc": 0.99997, "val_auc_error": 0.000021}, ["validation AUC 0.999970 ± 0.000021"]),
        ({"test_auc": 1.0, "test_auc_error": 0.0}, ["held-out AUC 1"]),
        ({"test_auc": None, "test_auc_error": None}, ["held-out AUC nan"]),
        ({"test_jet_pt_rmse": 42.1936}, ["held-out RMSE of jet_pt 42.1936"]),
        (
            {"loss": 0.5, "val_loss": 0.25, "my_error": 3.0},
            ["loss 0.5", "val_loss 0.25", "my_error 3"],
        ),
    ],
)
def test_an_error_stands_beside_its_figure_and_says_how_many_digits_count(metrics, said):
    assert list(figures(metrics, "binary")) == said


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ({"test_auc": 0.93214, "val_auc": 0.9}, "AUC 0.9321"),
        ({"val_auc": 0.9, "loss": 0.1}, "AUC 0.9"),
        ({"test_auc": None, "test_rmse": 42.19385}, "RMSE 42.19"),
        ({"loss": 0.1}, ""),
    ],
)
def test_the_figure_of_held_out_entries_comes_first(metrics, told):
    assert quality(metrics, "binary") == told


LABELS = {"test_auc": 0.8, "test_isB_auc": 0.9, "test_isC_auc": 0.7}


@pytest.mark.parametrize(
    ("metrics", "learned", "lines"),
    [
        ({"test_auc": 0.8, "test_auc_error": 0.01}, "multiclass", ["mean AUC 0.800 ± 0.010"]),
        (LABELS, "binary", ["mean AUC 0.8", "AUC of isB 0.9", "AUC of isC 0.7"]),
    ],
)
def test_the_auc_of_several_classes_or_labels_is_said_to_be_a_mean(metrics, learned, lines):
    assert list(figures(metrics, learned)) == [f"held-out {line}" for line in lines]
    assert quality(metrics, learned) == "mean AUC 0.8"
