"""model.json: which version of a model is served, and to whom."""

from dataclasses import dataclass

from mlaas4hep.core.models.bundle.conversion import NotMade


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """Written last, after every file of the version: the model is served from that moment."""

    owner: str
    name: str
    version: str  #: part of the keys of its files
    number: str = ""  #: TensorFlow Serving's version, if the upload had one, such as "123"
    files: tuple[str, ...]  #: paths inside the bundle, such as "variables/variables.index"
    checksums: tuple[tuple[str, str], ...] = ()  #: (path, xxh3) of its files; none: an old record
    run_id: str = ""  #: of the run that trained it; empty: it was uploaded
    description: str = ""
    labels: str = ""  #: TFaaS: name of a file with class names
    options: tuple[str, ...] = ()  #: TFaaS
    input_node: str = ""  #: TFaaS
    output_node: str = ""  #: TFaaS, of a frozen graph
    output_name: str = ""  #: TFaaS, of a SavedModel; counts more than output_node
    file: str = ""  #: TFaaS "model": the file that is served; empty: the best there is
    op: str = ""  #: TFaaS
    img_channels: int = 0  #: TFaaS: of image models; 0: as the model's input says
    folds: int = 0  #: models in folders of their own, one a fold; 0: there is one
    framework: str = ""  #: that trained it; empty: it was uploaded, or is older than this field
    task: str = ""  #: binary, multiclass, regression or other; empty as above
    metrics: tuple[tuple[str, float], ...] = ()  #: of its training's end
    not_made: tuple[NotMade, ...] = ()  #: files that its framework might have written
    promoted_from: str = ""  #: name of the model that it is a copy of
    promoted_at: float = 0.0  #: seconds since the epoch, or just after the one before; 0: not known
    public: bool = False  #: everybody may predict
    groups: tuple[str, ...] = ()  #: members of these groups may predict

    @property
    def shown_version(self) -> str:
        """Return the version as its owner knows it."""
        return self.number or self.version
