"""What trained runs are told to be worth: written by hand, so that what is drawn is known."""

SCORED = {
    "entries": 100,
    "auc": 0.75,
    "auc_error": 0.02,
    "classes": ["0", "1"],
    "confusion": [[40, 10], [15, 35]],
    "scores": {"edges": [0.0, 0.5, 1.0], "counts": [[40, 10], [15, 35]]},
    "roc": {"false_positives": [0.0, 0.2, 1.0], "true_positives": [0.0, 0.7, 1.0]},
}
#: weights of signal are 0.1, of background 2
CALIBRATED = {
    **SCORED,
    "sum_of_weights": 105.0,
    "confusion": [[80, 20], [1.5, 3.5]],
    "scores": {
        "edges": [0.0, 0.5, 1.0],
        "counts": [[80.0, 20.0], [1.5, 3.5]],
        "variances": [[160.0, 40.0], [0.15, 0.35]],
    },
    "calibration": {
        "score": [0.25, 0.75],
        "share": [0.0184, 0.149],
        "low": [0.0131, 0.102],
        "high": [0.0257, 0.214],
    },
}
HINGED = {**SCORED, "scores": {"edges": [-1.0, 0.0, 1.0], "counts": [[40, 10], [0, 50]]}}
VALUED = {
    "entries": 100,
    "rmse": 0.25,
    "residuals": {
        "edges": [-1.0, 0.0, 1.0],
        "counts": [64, 36],
        "mean": -0.1,
        "mean_error": 0.02,
        "spread": 0.2,
        "spread_error": 0.0141,
    },
    "profile": {
        "edges": [0.0, 1.0, 2.0, 3.0],
        "bias": [0.1, None, -0.2],
        "bias_error": [0.025, None, 0.05],
        "spread": [0.1, None, 0.2],
    },
}
#: of 1, 2, 2, 2 and 4, in 50 bins as the training counts; of numbers between, too
JETS = [1, *[0] * 15, 3, *[0] * 32, 1]
BETWEEN = [1, *[0] * 14, 1, 2, *[0] * 32, 1]
COUNTED = [
    {
        "branch": branch,
        "counts": counts,
        "by_class": {"0": counts},
        "edges": [1 + 3 * each / 50 for each in range(51)],
        "normalised_edges": [each / 50 for each in range(51)],
    }
    for branch, counts in (("nJet", JETS), ("mass", BETWEEN))
]
QUALITY = {"test/MET_pt > 40": SCORED, "train/MET_pt > 40": SCORED, "test/mass": VALUED}
CHECKS = {
    "overtraining": None,
    "importance": {
        "entries": 100,
        "repeats": 3,
        "whole": 0.75,
        "branches": [{"branch": "jet_pt", "drop": 0.2, "error": 0.01}],
    },
}
#: of three classes, as many as fit into a test: the scores of each by true class
SEVERAL = {
    "entries": 28,
    "auc": 0.85,
    "auc_error": 0.02,
    "classes": ["ggH", "VBF", "ttbar_semileptonic"],
    "confusion": [[6, 3, 1], [1, 6, 1], [0, 2, 8]],
    "scores": {"edges": [0.0, 0.5, 1.0], "counts": [[9, 1], [7, 1], [2, 8]]},
    "class_scores": {
        "edges": [0.0, 0.5, 1.0],
        "counts": [
            [[4, 6], [7, 1], [10, 0]],
            [[6, 4], [2, 6], [9, 1]],
            [[9, 1], [7, 1], [2, 8]],
        ],
    },
    "rocs": [
        {
            "class": name,
            "auc": area,
            "auc_error": 0.03,
            "false_positives": [0.0, 0.2, 1.0],
            "true_positives": [0.0, 0.7, 1.0],
        }
        for name, area in (("ggH", 0.9), ("VBF", 0.8), ("ttbar_semileptonic", 0.85))
    ],
}


def losses(fall):
    return [{"loss": 0.7 * fall**number, "val_loss": 0.72 * fall**number} for number in range(8)]


#: signal is rare: all scores lie in the first bin, where the curve has thresholds
RARE = {
    "entries": 1010,
    "auc": 0.95,
    "auc_error": 0.01,
    "classes": ["0", "1"],
    "confusion": [[1000, 0], [10, 0]],
    "scores": {"edges": [0.0, 0.5, 1.0], "counts": [[1000, 0], [10, 0]]},
    "roc": {
        "false_positives": [0.0, 0.01, 0.1, 1.0],
        "true_positives": [0.0, 0.5, 0.9, 1.0],
        "thresholds": [None, 0.02, 0.01, 0.001],
    },
}
#: of an autoencoder that saw background only: its scores are errors
ERRORS = {
    "entries": 10,
    "auc": None,
    "classes": ["0", "1"],
    "confusion": [[10, 0], [0, 0]],
    "scores": {"edges": [0.0, 0.002, 0.004], "counts": [[6, 4], [0, 0]]},
}
