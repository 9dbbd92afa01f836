"""What a run is worth, in lines."""

import pytest

from mlaas4hep.cli.terminal.figures import figures


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
    assert list(figures(metrics)) == said
