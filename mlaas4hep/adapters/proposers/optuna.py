"""`Proposer` on Optuna, by ask and tell; the trials that we keep are its storage."""

import warnings
from importlib.util import find_spec
from typing import Any

from mlaas4hep.core.requests.scan import Dimension, Scan, Values, distinct
from mlaas4hep.core.runs.scans import Trial, Trials
from mlaas4hep.errors import InvalidRequestError

_ASKS = 20  #: until something is tried that was not tried before
_STATES = {"done": "COMPLETE", "pruned": "PRUNED", "running": "RUNNING"}  # others taught nothing


class OptunaProposer:
    """See `ports.Proposer`."""

    def check(self) -> None:
        """Refuse scans where Optuna is not installed."""
        if find_spec("optuna") is None:
            raise InvalidRequestError(
                "scan: this deployment has no Optuna", hint='"method": "grid" or "random"'
            )

    def propose(self, scan: Scan, trials: Trials) -> Values:
        """Ask a study that knows the trials so far, again where it repeats one of them."""
        study = _study(scan, trials)
        space = {one.name: _distribution(one) for one in scan.space}
        tried = [one.values for one in trials.trials]
        known = set(map(distinct, tried))
        for _ in range(_ASKS):
            asked = study.ask(space)
            values = tuple((name, asked.params[name]) for name in space)
            if distinct(values) not in known:
                return values
        return scan.untried(tried) or values

    def pruned(self, scan: Scan, trials: Trials) -> frozenset[int]:
        """Compare each running trial with the median of the others after as many rounds."""
        begun = [trial for trial in trials.running if trial.rounds]
        if not begun:
            return frozenset()
        study = _study(scan, trials)  # of all trials: one for all that run
        hopeless = (one for one in begun if study.pruner.prune(study, _frozen(scan, one)))
        return frozenset(one.number for one in hopeless)


def _study(scan: Scan, trials: Trials) -> Any:
    import optuna  # noqa: PLC0415 - only with the extra, and only when it is asked

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize" if scan.maximise else "minimize",
        sampler=optuna.samplers.TPESampler(seed=scan.seed + len(trials.trials)),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
    )
    with warnings.catch_warnings(action="ignore"):  # of trials that are still running
        study.add_trials([_frozen(scan, one) for one in trials.trials if one.status in _STATES])
    return study


def _frozen(scan: Scan, trial: Trial) -> Any:
    import optuna  # noqa: PLC0415 - only with the extra, and only when it is asked

    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[_STATES[trial.status]],
        value=trial.figure if trial.status == "done" else None,
        params=dict(trial.values),
        distributions={one.name: _distribution(one) for one in scan.space},
        intermediate_values=dict(enumerate(trial.rounds)),
    )


def _distribution(dimension: Dimension) -> Any:
    from optuna import distributions  # noqa: PLC0415 - only with the extra

    if dimension.choices:
        return distributions.CategoricalDistribution(dimension.choices)
    if dimension.whole:
        return distributions.IntDistribution(
            int(dimension.low), int(dimension.high), log=dimension.log
        )
    return distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)
