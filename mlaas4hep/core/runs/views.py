"""What people are shown of what they keep here; the client gets the same values."""

from dataclasses import dataclass, field

from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.models.bundle.conversion import NotMade
from mlaas4hep.core.models.dryrun import LeftOut
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from mlaas4hep.core.runs.answers import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class TarballFile:
    """One file of a tarball."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """One upload."""

    name: str
    sha256: str
    filename: str
    size_bytes: int
    unpacked_bytes: int
    uploaded_at: str
    files: tuple[TarballFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectUpload:
    """A form for HTTP POST that takes a tarball past the functions."""

    upload_id: str  #: for `POST /tarballs/NAME/direct/UPLOAD_ID` afterwards
    url: str
    fields: dict[str, str]  #: to be sent before the field `file`
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model."""

    name: str
    owner: str
    mine: bool
    version: str
    changed_at: str = ""  #: UTC: when it was made, or last changed; empty: just now
    framework: str = ""  #: that trained it, if that is known
    learned: str = ""  #: binary, multiclass, regression or other, if that is known
    metrics: dict[str, float] = field(default_factory=dict)  #: of its training's end
    description: str
    public: bool  #: everybody may use it
    groups: tuple[str, ...]  #: whose members may use it
    files: tuple[str, ...]
    not_made: tuple[NotMade, ...] = ()  #: files that its framework might have written, and why not


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSpecs:
    """What was measured once and is kept."""

    id: str
    size_bytes: int
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """A part of a list of runs."""

    runs: tuple[Summary, ...]
    total: int  #: all that match
    offset: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChunk:
    """One training array of a run."""

    index: int
    key: str  #: in the bucket chunks
    content: str  #: digest of what it is made of, which its bytes repeat
    entries: int
    size_bytes: int | None  #: None: it is not there, not yet or no more


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChunks:
    """The chunks of a run, and what a training has to know besides them."""

    run: str
    columns: tuple[str, ...]  #: of the matrix, in order
    classes: tuple[str, ...]  #: names of the labels 0, 1, …; empty: they have none
    labels: LabelColumns  #: which columns of y are what
    seed: int  #: of the split
    validation: float  #: share of what is not held out; unless chunks say who validates
    test: float  #: share that is held out
    folds: int  #: 0: the parts in the chunks, if there are any, say who validates
    weights: TrainingWeights  #: what becomes of those in the chunks
    chunks: tuple[StoredChunk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What answers, and what it works with."""

    service: str
    version: str
    frameworks: tuple[str, ...]  #: that model.py may use, as params.json names them
    formats: tuple[str, ...]  #: that input files may have
    description: str = "openapi.json"  #: of all that can be asked, from here


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Who somebody is, what they use, and what they may use."""

    owner: str
    name: str
    groups: tuple[str, ...]
    is_admin: bool
    bytes: dict[str, int]  #: by bucket
    max_bytes: int
    unfinished_runs: int
    max_runs: int
    max_models: int
    max_upload_bytes: int
    frameworks: tuple[str, ...] = ()  #: that model.py may use here
    formats: tuple[str, ...] = ()  #: that input files may have here
    sandbox: str = "any"  #: confinement demanded for people's programs: any, required or full
    isolation: tuple[str, ...] = ()  #: what such a program is confined with where this was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that could not be handled."""

    sequence: int
    owner: str  #: of its run; empty if it is no event that we know
    run: str
    event: str
    function: str  #: that could not handle it
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedAgain:
    """What became of a dead letter."""

    sequence: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLength:
    """What waits for one function."""

    function: str
    waiting: int  #: events that nobody has taken yet
    held: int  #: events that are being handled
    redelivered: int  #: of those, how many were delivered before


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """What a person checks the signatures of webhooks with."""

    hosts: str  #: globs: who may be told here; empty: nobody
    secret: str  #: empty: there are no webhooks here


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How a program in a terminal gets a token here (device code, RFC 8628)."""

    issuer: str
    client_id: str  #: of the public client; empty: there is no such sign-in
    scopes: str  #: to ask for, with spaces between
    resource: str  #: to ask the token for; empty: nothing has to be said


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What is gone: a name, or a number of objects."""

    deleted: str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The ancestor's answer to a submission."""

    process_name: str
    job_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OddValue:
    """A value far outside of the others and repeated, which may mean "missing"."""

    value: float
    share: float  #: of all values


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFeature:
    """One branch that a network learns from, and what was measured in it."""

    branch: str
    jagged: bool  #: it has a row of values in each entry
    columns: int  #: inputs of the network that it fills
    low: float | None  #: None: it never has a finite value
    high: float | None
    nan: int  #: values that are not a number
    infinite: int
    missing: int = 0  #: values that mean "missing", as params.json says; they are no NaN here
    odd: tuple[OddValue, ...] = ()  #: of which params.json says nothing; found in a sample
    clipped: int = 0  #: values outside of what they are clipped to, estimated from a sample
    constant: bool
    used: bool  #: params.json may leave out what is constant
    categories: tuple[str, ...] = ()  #: of a branch of text, which is numbered from 0 in this order


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureList:
    """What the network of a run learns from, and what it does not see."""

    features: tuple[RunFeature, ...]
    left_out: tuple[LeftOut, ...] | None  #: None: the files cannot be opened any more
    identifiers: tuple[str, ...]
    label: tuple[str, ...]  #: branches that it is computed from


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnToken:
    """The token that a call came with."""

    token: str
    expires_at: str | None  #: None: it does not say
