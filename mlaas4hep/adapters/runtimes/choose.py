"""From a bundle in the store to what runs it: LiteRT where it can, TensorFlow where it must."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import ObjectStore, Runtime

if TYPE_CHECKING:
    from mlaas4hep.adapters.runtimes.tensorflow.runtime import Places

_LITE = ".tflite"
_SAVED = "saved_model.pb"  #: what params.json of a trained model names, for TFaaS's sake
_TENSORFLOW = (_SAVED, ".keras", ".pb")


class Runtimes:
    """Loads bundles; each runtime is imported only when a model needs it."""

    def __init__(self, tensorflow_processes: int = 3) -> None:
        self._tensorflow_processes = tensorflow_processes

    @cached_property
    def _places(self) -> "Places":
        from mlaas4hep.adapters.runtimes.tensorflow.runtime import Places  # noqa: PLC0415 - see the class

        return Places(self._tensorflow_processes)

    def load(self, store: ObjectStore, record: ModelRecord) -> Runtime:
        """Return the loaded model.

        Raises:
            InvalidRequestError: the bundle holds nothing that can be loaded, or it is broken.
        """
        lite = _chosen(record, lambda file: file.endswith(_LITE))
        if lite and record.file in ("", _SAVED, lite):
            from mlaas4hep.adapters.runtimes.litert import LiteRtRuntime  # noqa: PLC0415 - see the class

            key = keys.model_file(record.owner, record.name, record.version, lite)
            return LiteRtRuntime(store.get(key))
        if any(file.endswith(_TENSORFLOW) for file in record.files):
            from mlaas4hep.adapters.runtimes.tensorflow.runtime import TensorFlowRuntime  # noqa: PLC0415

            return TensorFlowRuntime.of(store, record, self._places)
        raise InvalidRequestError(
            f"model {record.name!r} holds no file that can be loaded",
            stage="predict",
            hint="saved_model.pb with variables/, or a .keras, .tflite or frozen .pb file",
        )


def _chosen(record: ModelRecord, fits: Callable[[str], bool]) -> str:
    """Return the file that params.json names if it fits, else the first that does, else ""."""
    found = [file for file in record.files if fits(file)]
    return record.file if record.file in found else next(iter(found), "")
