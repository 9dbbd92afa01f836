"""Which trials of a scan Optuna gives up."""

from mlaas4hep.adapters.proposers.optuna import OptunaProposer
from mlaas4hep.core.requests.scan import Dimension, Scan
from mlaas4hep.core.runs.scans import Trial, Trials

SCAN = Scan(
    method="optuna",
    space=(Dimension(name="learning_rate", low=0.0, high=1.0),),
    trials=20,
    parallel=3,
    prune=True,
)


def trial(number, *rounds, status="running"):
    figure = rounds[-1] if status == "done" else None
    values = (("learning_rate", number / 100),)
    return Trial(
        number=number, run=f"r_{number}", values=values, status=status, rounds=rounds, figure=figure
    )


def test_running_trials_that_are_worse_than_the_median_are_given_up_together():
    ended = [trial(number, 0.9, 0.5, 0.4, status="done") for number in range(5)]
    running = [trial(5, 0.9, 0.8, 0.8), trial(6, 0.9, 0.4, 0.3), trial(7), trial(8, 0.9, 0.9, 0.9)]

    pruned = OptunaProposer().pruned(SCAN, Trials(trials=(*ended, *running)))

    assert pruned == {5, 8}


def test_nothing_is_given_up_while_there_is_nothing_to_compare_with():
    assert OptunaProposer().pruned(SCAN, Trials(trials=(trial(0), trial(1)))) == set()
    assert OptunaProposer().pruned(SCAN, Trials(trials=(trial(0, 0.9, 0.9),))) == set()
