"""What a training is told, and what it reports while it runs in its own process."""

from dataclasses import dataclass
from typing import BinaryIO

from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.models.bundle.conversion import Conversion, Missing, NotMade
from mlaas4hep.core.models.goals import Goal
from mlaas4hep.core.models.outputrange import OutputRange
from mlaas4hep.core.requests.frameworks import USUAL
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from mlaas4hep.core.requests.request import Params, Resources
from mlaas4hep.core.requests.task import Task

Metrics = tuple[tuple[str, float], ...]
Versions = tuple[tuple[str, str], ...]  #: (package, version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One branch inside the matrix; says how to undo its normalisation."""

    name: str
    start: int  #: first column
    width: int  #: columns
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchColumns:
    """Which columns of the matrix belong to one branch."""

    name: str
    start: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledLabels:
    """Different labels of some entries, found before a training."""

    rows: tuple[tuple[float, ...], ...] = ()  #: rising; one number for each label column
    are_used: bool = True  #: the run surely uses these entries


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """Everything that a training must know besides model.py and the chunks."""

    name: str  #: of the model, for its log
    params: Params
    columns: int  #: width of the matrix
    chunks: int
    entries: int = 0  #: in all chunks; 0: not known
    names: tuple[str, ...] = ()  #: of the columns; empty: not known
    categories: tuple[int, ...] = ()  #: numbers of the columns that hold 0, 1, 2 … of categories
    frameworks: tuple[str, ...] = (USUAL,)  #: that model.py may use, likeliest first
    resources: Resources = Resources()
    classes: tuple[str, ...] = ()  #: class names, when the labels were names
    labels: tuple[float, ...] = ()  #: all there are; empty when a branch gives them
    label: str = ""  #: the branch or expression that gives them
    sampled: SampledLabels = SampledLabels()  #: of a dry run, when a branch gives them
    label_columns: LabelColumns = LabelColumns()
    features: tuple[Feature, ...] = ()  #: for histograms; empty: none are drawn
    branches: tuple[BranchColumns, ...] = ()  #: all that are learned from
    weights: TrainingWeights = TrainingWeights()

    @property
    def rounds(self) -> int:
        """Return how many rounds a model that learns block by block does, at most."""
        if self.params.training == "chunked":
            return self.params.epochs * self.chunks
        return self.params.epochs


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """What `model(idim)` of a model.py gives."""

    parameters: int
    layers: tuple[str, ...]  #: such as "dense (Dense): 56704"
    input_width: int
    output_shape: tuple[int, ...]  #: without the batch dimension
    loss: str
    task: Task
    gives_logits: bool = False  #: outputs become probabilities by a sigmoid or softmax
    outputs: tuple[tuple[str, int], ...] = ()  #: (name, numbers) of several outputs
    goals: tuple[Goal, ...] = ()  #: of several label columns; empty: one, or the loss alone knows
    ranges: tuple[OutputRange, ...] = ()  #: of outputs that cannot give every value
    warnings: tuple[str, ...] = ()  #: what its author may not expect


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelBuilt:
    """model.py was run and its model fits the data; the first chunk may go in."""

    summary: ModelSummary
    isolation: tuple[str, ...]  #: what confines model.py, such as "landlock"
    rounds: int  #: that there will be, at most
    resumed: int = 0  #: rounds found done in the checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkWanted:
    """The training wants this chunk next (or soon: it asks ahead)."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnded:
    """An epoch ended, and the checkpoint that holds it was handed over before."""

    round: int
    metrics: Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMade:
    """A file to keep: "checkpoint", "plots/…" or "bundle/…" with its path inside the bundle."""

    name: str
    file: BinaryIO  #: at its start; the receiver closes it


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFinished:
    """The last round is done and all files are handed over."""

    task: Task
    outputs: tuple[tuple[str, int], ...] = ()  #: as in `ModelSummary`
    goals: tuple[Goal, ...] = ()  #: the same
    metrics: Metrics  #: final ones, such as (("test_auc", 0.77),)
    versions: Versions  #: of what trained
    input_node: str = ""  #: of the SavedModel's serving signature
    output_node: str = ""
    missing: Missing = "zero"  #: what the model reads where there is no value
    conversions: tuple[Conversion, ...] = ()
    not_made: tuple[NotMade, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOfChunk:
    """One entry, as a training knows it."""

    chunk: int
    draw: int  #: the entry's number of `core.data.planning.draws`


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFailed:
    """The training cannot go on, and trying again cannot help."""

    message: str
    hint: str = ""
    entry: EntryOfChunk | None = None  #: whose label is why
    branch: str = ""  #: or expression, of which the values are why


TrainingReport = ModelBuilt | ChunkWanted | RoundEnded | FileMade | TrainingFinished
