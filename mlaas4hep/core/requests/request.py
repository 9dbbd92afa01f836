"""What a person asks for: files, labels, parameters and a model, complete and checked."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from mlaas4hep.core import keys
from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.weighting import Weighting
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.task import Task

Scalar = bool | int | float | str
AUTO: Final = "auto"

OnBadFile = Literal["fail", "skip"]
MissingBranches = Literal["error", "common", "fill"]
DEFAULT_IDENTIFIERS = ("run", "event", "luminosityBlock")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One line of files.txt."""

    name: str  #: as the person wrote it; errors and specs use it
    url: str  #: where it is read from; see `ports.DataSource`
    tree: str
    line: int = field(default=0, compare=False)  #: of files.txt; a pattern names many files
    label: str = field(default="", compare=False)  #: that files.json says
    weight: float = 1.0  #: of each entry, times what params.json says
    xsec: float | None = None  #: cross section of its sample
    sample: str = ""  #: files of one are normalised together; see `weighing`


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsRequest:
    """Which figures are wanted after training, besides the losses."""

    wanted: bool = False
    threshold: float = 0.5  #: score from which an entry counts as signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """params.json, with the ancestor's names and defaults (see docs/params.md)."""

    nevts: int = -1  #: entries to read in all files together; -1: all
    chunk_size: int = 1000  #: entries per chunk; -1: one chunk
    branch: str = "Events"  #: the tree
    identifier: tuple[str, ...] = DEFAULT_IDENTIFIERS
    selected_branches: tuple[str, ...] = ()  #: names or globs; empty: all
    exclude_branches: tuple[str, ...] = ()  #: names or globs
    missing_branches: MissingBranches = "error"  #: what becomes of those that some files lack
    on_bad_file: OnBadFile = "fail"  #: what becomes of the run when a file cannot be opened
    file_patience: int = 0  #: seconds that a file's server may be away; 0: as the deployment says
    redirector: str = ""  #: prefix for bare names; empty: the deployment's XRootD proxy
    epochs: int = 10
    batch_size: int = 50
    shuffle: bool = True
    split: float = 0.3  #: share of the training entries that validates, in [0, 1)
    training: Literal["auto", "chunked", "standard"] = "chunked"  #: auto: see `roundorder`
    seed: int = 21
    metrics: MetricsRequest = MetricsRequest()
    framework: str = ""  #: that model.py uses; empty: as its imports say
    hist: str = ""  #: when set, histograms are written with the run
    nan: float = float("nan")  #: accepted for compatibility
    verbose: int = 0
    task: Task | None = None  #: what is learned; None: what labels and loss say
    positive: str = ""  #: the class that a single score is for; empty: the last one
    rules: Rules = Rules()
    fitting: Fitting = Fitting()
    weighting: Weighting = Weighting()
    splitting: Splitting = Splitting()
    arguments: tuple[tuple[str, Scalar], ...] = ()  #: of `model(idim, …)`, by name

    @property
    def validates(self) -> bool:
        """Tell whether entries validate: a share, those of an expression, or folds."""
        return self.split > 0 or self.splitting.is_stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the training may use."""

    device: Literal["cpu", "gpu"] = "cpu"
    memory_bytes: int = 3 * 1024**3
    cpus: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """One submission; stored as JSON with the run, and all that the steps need to know."""

    owner: str
    run: str  #: "luca_1"
    folder: str  #: "luca"
    upload: str  #: sha256 of the tarball it came from
    files: tuple[InputFile, ...]
    labels: Labels
    params: Params
    model_sha256: str  #: of model.py, which is stored with the run
    preproc: str = ""  #: the text of preproc.json
    resources: Resources = Resources()
    title: str = ""
    framework: str = ""  #: that model.py uses, likeliest; empty: there is no model.py

    @cached_property
    def weighed_by(self) -> str:
        """Return a hash of all that sums of weights depend on, besides the file; "" without any.

        It looks at every file, and every range asks for it.
        """
        weighting = self.params.weighting
        if not weighting.is_measured:
            return ""
        numbers = [file.weight for file in self.files]
        labels = "\n".join(self.labels.expressions) or self.labels.values
        return keys.digest(weighting.expression, weighting.norm == "xsec", numbers, labels)
