"""MODEL_KINDS: which files of a bundle can be served, by which runtime, and which one is preferred."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlaas4hep.core.models.bundle.conversion import Missing

SAVED_MODEL = "saved_model.pb"  #: what params.json of a trained model names, for TFaaS's sake
_NOT_GRAPHS = ("fingerprint.pb", "keras_metadata.pb")  #: what TensorFlow writes beside a SavedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKind:
    """One kind of file that holds a model."""

    suffix: str  #: of the file's name, or the whole name
    engine: str  #: what runs it: a folder of `adapters/runtimes`
    platform: str  #: its name in the Open Inference Protocol
    draw_rank: int = 0  #: the lowest is drawn by Netron; 0: it cannot be
    framework: str = ""  #: of engine "native", what reads it: a module of `adapters/native`
    missing: Missing = "zero"  #: what it reads where there is no value, if no contract says so

    def fits(self, file: str) -> bool:
        """Tell whether a path inside a bundle is of this kind."""
        name = file.rpartition("/")[2]
        return name.endswith(self.suffix) and name not in _NOT_GRAPHS


#: the quickest first: a bundle that holds several kinds is served by the first of them
MODEL_KINDS = (
    ModelKind(suffix=".tflite", engine="litert", platform="tensorflow_lite", draw_rank=2),
    ModelKind(suffix=".onnx", engine="onnx", platform="onnxruntime_onnx", draw_rank=3),
    ModelKind(
        suffix=SAVED_MODEL, engine="tensorflow", platform="tensorflow_savedmodel", draw_rank=4
    ),
    ModelKind(suffix="saved_model.pbtxt", engine="tensorflow", platform="tensorflow_savedmodel"),
    ModelKind(suffix=".keras", engine="tensorflow", platform="keras", draw_rank=1),
    ModelKind(suffix=".h5", engine="tensorflow", platform="keras", draw_rank=5),
    ModelKind(suffix=".hdf5", engine="tensorflow", platform="keras", draw_rank=6),
    ModelKind(suffix=".pb", engine="tensorflow", platform="tensorflow_graphdef", draw_rank=7),
    ModelKind(suffix=".pbtxt", engine="tensorflow", platform="tensorflow_graphdef", draw_rank=8),
    ModelKind(
        suffix=".ubj", engine="native", platform="xgboost", framework="xgboost", missing="nan"
    ),
    ModelKind(
        suffix="model.txt",
        engine="native",
        platform="lightgbm",
        framework="lightgbm",
        missing="nan",
    ),
    ModelKind(suffix=".pickle", engine="native", platform="sklearn", framework="sklearn"),
    ModelKind(suffix=".torch", engine="native", platform="pytorch", framework="torch"),
)
HOW = (
    "a bundle holds saved_model.pb with variables/, or one .tflite, .onnx, .keras, .h5 or frozen "
    ".pb file, or of other frameworks model.pickle (scikit-learn), model.ubj (XGBoost), model.txt "
    "(LightGBM), model.torch as a training here wrote it"
)


def kind_of(file: str) -> ModelKind | None:
    """Return the kind of a path inside a bundle; None: it is no model."""
    return next((kind for kind in MODEL_KINDS if kind.fits(file)), None)


def served_file(files: Iterable[str], named: str = "") -> tuple[str, ModelKind] | None:
    """Return the file that is served, and its kind; None if there is none.

    Args:
        files: paths inside the bundle.
        named: the one that params.json names. A trained bundle names its SavedModel though it
            also holds the same network for a quicker runtime, which then counts.
    """
    found = {file: kind for file in sorted(files) if (kind := kind_of(file)) is not None}
    if named in found and named != SAVED_MODEL:
        return named, found[named]
    for kind in MODEL_KINDS:
        for file, its in found.items():
            if its is kind:
                return file, kind
    return None


def drawn_file(files: Iterable[str]) -> str | None:
    """Return the file whose graph is the clearest to look at."""
    found: Mapping[str, int] = {
        file: kind.draw_rank
        for file in sorted(files)
        if (kind := kind_of(file)) is not None and kind.draw_rank
    }
    return min(found, key=lambda file: found[file]) if found else None
