"""The names of a run's files in bucket runs: what is written once and read by others."""

from mlaas4hep.core import keys

REQUEST = "request.json"  #: what is trained: `Request`
MODEL = "model.py"
BESIDE = "beside.zip"  #: what lies beside model.py: other modules, weights, a vocabulary
SUBMISSION = "submission.json"  #: what the person sent
UPLOAD = "upload.json"  #: the tarball it was sent for
SCORING = "scoring.json"  #: what is scored: `ScoringRequest`
RUN = "run.json"  #: the run itself, so that it can be rebuilt when its book is lost: `Run`
SCAN = "scan.json"  #: what a scan is to try: `Scan`
TRIALS = "trials.json"  #: how its trials stand: `Trials`
CHECKPOINT = "checkpoint.json"  #: what the stored state of the training is of: `Checkpoint`
CHECKPOINTS = "checkpoints/"  #: prefix of the state itself
_NUMBERS = "numbers"  #: folder of what was given out to whose runs
_SCORES = "scores-"  #: begins the name of a finished table
_PARTS = "parts-"  #: prefix of the scores of single ranges
WEBHOOK = "webhook.json"  #: how far the news of its end has come: `webhooks.Delivery`
LOG = "train.log"  #: what model.py printed
HISTORY = "history.json"  #: figures of each round so far: a list of objects
#: ROC points, scores in bins, confusion; see `assessment/quality.py`
QUALITY = "plots/quality.json"
FEATURES = "features.json"  #: what it learns from and what not: `FeatureList`
SAMPLE = "sample.json"  #: one entry as people send it to the model
CHECKS = "plots/checks.json"  #: over-training and importance; see `assessment/results.py`
CORRELATIONS = "plots/correlations.json"  #: of branches with one value an entry
HISTOGRAMS = "plots/histograms.json"  #: values of each branch in bins


def opened(attempt: int) -> str:
    """Return the name of what opening the files found: `OpenedFiles`."""
    return f"opened-{attempt}.json"


def survey(content: str) -> str:
    """Return the name of a survey; `content` is `keys.digest` of all it depends on."""
    return f"surveys/{content}.json"


def scoring_plan(attempt: int) -> str:
    """Return the name of the plan of a scoring: `ScoringPlan`."""
    return f"scoring-{attempt}.json"


def scored_part(attempt: int, index: int) -> str:
    """Return the name of the scores of one range."""
    return f"{_PARTS}{attempt}/{index:06d}.npz"


def is_scored_part(name: str) -> bool:
    """Tell whether a name is that of the scores of one range."""
    return name.startswith(_PARTS)


def scores(checksum: str, suffix: str) -> str:
    """Return the name of the finished table of scores, which has its checksum in it."""
    return f"{_SCORES}{checksum}.{suffix}"


def is_scores(name: str) -> bool:
    """Tell whether a name is that of a finished table of scores."""
    return name.startswith(_SCORES)


def checksum_of_scores(name: str) -> str:
    """Return the checksum in the name, or key, of a table; empty for one of an earlier release."""
    last = name.rpartition("/")[2]
    return last.removeprefix(_SCORES).partition(".")[0] if is_scores(last) else ""


def is_of_run(folder: str) -> bool:
    """Tell whether a folder beside others of an owner is that of a run: `luca_1`."""
    return folder.rpartition("_")[2].isdecimal()


def run_of(record: str) -> tuple[str, str] | None:
    """Return owner and name of the run whose record has this key; None: that of something else.

    >>> run_of("luca/higgs_1/run.json"), run_of("luca/higgs_1/plots/run.json"), run_of("strange")
    (('luca', 'higgs_1'), None, None)
    """
    match record.split("/"):
        case [owner, run, name] if name == RUN:
            return owner, run
    return None


def is_unfinished(key: str) -> bool:
    """Tell whether a file of a run, by its key, is of no use once the run is done."""
    name = key.split("/", 2)[2]
    return name == CHECKPOINT or name.startswith((CHECKPOINTS, _PARTS))


def number(owner: str, folder: str) -> str:
    """Return the key of the last number that was given to a run of `folder`."""
    return keys.run(owner, _NUMBERS, folder)


def is_number(key: str) -> bool:
    """Tell whether a key is that of the last number of a folder."""
    return key.split("/")[1:2] == [_NUMBERS]


def key(owner: str, run: str, name: str) -> str:
    """Return the key of a run's file."""
    return keys.run(owner, run, name)
