"""A model for the door: four numbers in, one out, computed by NumPy; nothing large is imported."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.ports import ObjectStore, Runtime, TensorInfo

NAME = "luca_1"
_BRANCHES = ("a", "b", "c", "d")
_FILES = ("model.tflite", "contract.json", "labels.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """`Runtime`: the mean of each row."""

    platform: str = "litert"
    prompt_rows: int = 8
    signatures: Mapping[str, Runtime] = field(default_factory=dict)
    inputs: tuple[TensorInfo, ...] = (TensorInfo(name="x", dtype="float32", shape=(-1, 4)),)
    outputs: tuple[TensorInfo, ...] = (TensorInfo(name="y", dtype="float32", shape=(-1, 1)),)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the means."""
        return {"y": feeds["x"].mean(axis=1, keepdims=True)}


def load(_store: ObjectStore, _record: ModelRecord) -> Runtime:
    """Return the model, whatever is uploaded."""
    return Mean()


def serve(store: ObjectStore, owner: str) -> None:
    """Store the record and contract of a trained model."""
    branches = tuple(
        BranchSpec(name=n, jagged=False, low=0.0, high=9.0, width=1) for n in _BRANCHES
    )
    contract = Contract(
        model=NAME,
        version="v1",
        columns=_BRANCHES,
        specs=Specs(branches=branches, ranges=()),
        identifiers=("event",),
        preproc='{"flat_cut": {"a": {"cut": "a < 8", "remove": "False"}}}',
        task="binary",
    )
    contents = {"contract.json": wire.dump(contract), "labels.txt": b"no\nyes\n"}
    for file in _FILES:
        store.put(keys.model_file(owner, NAME, "v1", file), contents.get(file, b"TFL3"))
    record = ModelRecord(owner=owner, name=NAME, version="v1", files=_FILES)
    store.put(keys.model(owner, NAME), wire.dump(record))
