"""`LoadedModel`: a model as it is served now, and how it is made of its record and files."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Self

from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.answering import answer_of, answering, named_so
from mlaas4hep.core.models.bundle.served import served_file
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import InvalidRequestError, NotFoundError, TooLargeError
from mlaas4hep.pipeline import integrity
from mlaas4hep.ports import ObjectStore, Runtime, TensorInfo
from mlaas4hep.serving.independence import Independence
from mlaas4hep.serving.rowway import RowWay
from mlaas4hep.usecases.models import may_read

# A third of a function's start: loaded with the first model that was trained here.
if TYPE_CHECKING:
    from mlaas4hep.core.models.bundle.contract import Contract
    from mlaas4hep.core.models.transform import Transform

CONTRACT = "contract.json"
MAX_CONTRACT_BYTES = 64 * 1024**2
MAX_LABELS, MAX_LABEL_BYTES = 10_000, 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model as it is served now."""

    record: ModelRecord
    etag: str  #: of the record it was loaded for
    runtime: Runtime
    contract: "Contract | None" = None  #: None: the model was not trained here
    transform: "Transform | None" = None  #: None exactly when `contract` is
    labels: tuple[str, ...] = ()  #: names of the outputs, if anybody said them
    output: str = ""  #: that rows are answered with; "": it has several, and nobody said which
    order: str = ""  #: the columns in one text, which is compared at once
    independence: Independence = field(default_factory=Independence)  #: of rows of several callers
    ways: dict[str, "LoadedModel"] = field(default_factory=dict, compare=False, repr=False)
    #: behind the signatures that somebody asked for
    row_input: TensorInfo | None = field(init=False, compare=False, repr=False)
    #: the only input, if it takes rows of so many float32
    row_way: RowWay | None = field(init=False, compare=False, repr=False)
    #: what one row needs to know, if the model is as plain as most are

    def __post_init__(self) -> None:
        """Look once at what nearly every request needs to know."""
        object.__setattr__(self, "row_input", _row_input(self.runtime))
        object.__setattr__(self, "row_way", self._row_way())

    @classmethod
    def of(cls, store: ObjectStore, record: ModelRecord, etag: str, runtime: Runtime) -> Self:
        """Return a loaded model with what its other files say.

        Raises:
            InvalidRequestError: contract.json does not fit the model.
            TooLargeError: a small file is not small.
        """
        contract = _contract(store, record)
        output = _output(runtime, record, contract)
        labels = _labels(store, record) or (contract.names if contract else ())
        return cls(
            record=record,
            etag=etag,
            runtime=runtime,
            contract=contract,
            transform=None if contract is None else _transform(contract, runtime),
            labels=_of_file(runtime, output, labels) or labels,
            output=output,
            order=in_one_text(contract.columns) if contract else "",
        )

    def _row_way(self) -> RowWay | None:
        """Return how a row goes through a model with one input and one output of rows of float32."""
        taken, given = self.row_input, _row_of(self.runtime.outputs)
        is_plain = not self.record.folds and not (self.contract and self.contract.outputs)
        if taken is None or given is None or given.name != self.output or not is_plain:
            return None
        return RowWay(
            runtime=self.runtime,
            input=taken.name,
            width=taken.shape[1],
            output=given.name,
            numbers=given.shape[1],
            classes=self.named(given.shape[1]),
        )

    @property
    def missing(self) -> float:
        """Return the number that it reads where there is no value: NaN, or 0."""
        served = served_file(self.record)
        of_file = served[1].missing if served else "zero"
        read = self.transform.missing if self.transform else of_file
        return math.nan if read == "nan" else 0.0

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the network's inputs; () if nobody knows them."""
        return () if self.contract is None else self.contract.columns

    def answered(self, outputs: Mapping[str, Array]) -> Array | None:
        """Return the numbers that rows are answered with; None if nobody said of which output."""
        if self.contract and self.contract.outputs:
            return answer_of(outputs, self.output, self.contract)
        return outputs[self.output] if self.output else None

    def gives_each(self, rows: int, name: str, values: Array) -> bool:
        """Tell whether an output has one place for each row, and not by chance as many places.

        Of an output that always has as many, whatever the number of rows, nobody knows.
        """
        if not values.ndim or len(values) != rows:
            return False
        return rows == 1 or not self._always_gives(rows, name)

    def _always_gives(self, rows: int, name: str) -> bool:
        """Tell whether an output has so many places whatever the number of rows is."""
        known = next((each.shape[:1] for each in self.runtime.outputs if each.name == name), ())
        is_free = all(each.shape[:1] == (-1,) for each in self.runtime.inputs)
        return is_free and known == (rows,)

    def check_output(self) -> None:
        """Refuse an output that params.json names and that no signature of the model has.

        Raises:
            InvalidRequestError: with the nearest names.
        """
        node, ways = _node(self.record), self.runtime.signatures.values() or (self.runtime,)
        found = [[each.name for each in way.outputs] for way in ways]
        if self.contract or not node or any(len(one) == 1 or named_so(one, node) for one in found):
            return
        raise InvalidRequestError(
            f"params.json names the output {node!r}, and the model has none of that name",
            hint=nearest(node, chain.from_iterable(found)),
        )

    def named(self, numbers: int, output: str = "") -> tuple[str, ...]:
        """Return the class that each of the `numbers` of an answer is for; () if nobody said it.

        A single score of two classes is for one of them, which only the contract knows. As many
        labels as numbers, or nobody can tell which is whose.

        Args:
            numbers: in a row.
            output: that gave them, if they are of one of several.
        """
        if output and self.contract and self.contract.outputs:
            return self.contract.names_of(output)
        if numbers == 1 and len(self.labels) != 1:
            return (self.contract.positive,) if self.contract and self.contract.positive else ()
        return self.labels if len(self.labels) == numbers else ()

    def by(self, signature: str) -> "LoadedModel":
        """Return the model behind one of its signatures; "": the one that it means itself.

        Raises:
            InvalidRequestError: there is no such signature, or it has several and means none.
        """
        ways = self.runtime.signatures
        if not signature and not ways:
            return self
        if signature in self.ways:
            return self.ways[signature]
        if signature in ways:
            return self.ways.setdefault(signature, self._behind(ways[signature]))
        if not ways and signature == "serving_default":
            return self
        if not signature and self.runtime.inputs:
            return self
        what = (
            f"no signature {signature!r}" if signature else "several signatures, none the default"
        )
        raise InvalidRequestError(
            f"model {self.record.name!r} has {what}",
            hint=f"choose by signature_name: {', '.join(ways) or 'serving_default'}",
        )

    def _behind(self, runtime: Runtime) -> "LoadedModel":
        """Return the model behind a signature; what its rows do to each other is its own affair."""
        output = _output(runtime, self.record, self.contract)
        return replace(self, runtime=runtime, output=output, independence=Independence(), ways={})


def in_one_text(names: Sequence[str]) -> str:
    """Return names as one text, different for different names; TypeError if they are none."""
    return "\0".join(names)


def allowed(served: LoadedModel, person: Person) -> LoadedModel:
    """Return `served`; NotFoundError if the person must not even know of it."""
    if not may_read(person, served.record):
        raise NotFoundError(f"there is no model {served.record.name!r}", stage="predict")
    return served


def _output(runtime: Runtime, record: ModelRecord, contract: "Contract | None") -> str:
    """Return the output that rows are answered with; of what was trained here it is the first."""
    outputs = [(each.name, each.dtype) for each in runtime.outputs]
    if contract is not None and outputs:
        return outputs[0][0]
    return answering(outputs, _node(record))


def _row_input(runtime: Runtime) -> TensorInfo | None:
    """Return the only input, if it takes rows of a known number of float32."""
    return _row_of(runtime.inputs)


def _row_of(tensors: Sequence[TensorInfo]) -> TensorInfo | None:
    """Return the only one of some tensors, if it is rows of a known number of float32."""
    info = tensors[0] if len(tensors) == 1 else None
    if info is None or info.dtype != "float32" or not info.is_ranked:
        return None
    return info if len(info.shape) == 2 and info.shape[1] > 0 else None  # noqa: PLR2004


def _node(record: ModelRecord) -> str:
    """Return the output that params.json names; of both names, TFaaS asks a SavedModel by the first."""
    return record.output_name or record.output_node


def _transform(contract: "Contract", runtime: Runtime) -> "Transform":
    """Return the contract's transform; a bundle may have been packed by hand."""
    from mlaas4hep.core.models.transform import Transform  # noqa: PLC0415 - see above

    transform = Transform.of(contract)
    widths = [each.shape[-1] for each in runtime.inputs if each.shape]
    if widths not in ([transform.layout.width], [-1]):
        raise InvalidRequestError(
            f"contract.json makes {transform.layout.width} columns, the model takes "
            f"{' and '.join(map(str, widths))}"
        )
    return transform


def _of_file(runtime: Runtime, output: str, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that the model's own file names, unless `labels` name its numbers."""
    classes = next((each.classes for each in runtime.outputs if each.name == output), ())
    are_numbers = all(name.removeprefix("-").isdecimal() for name in classes)
    return () if are_numbers and len(labels) == len(classes) else classes


def _labels(store: ObjectStore, record: ModelRecord) -> tuple[str, ...]:
    file = labels_file(record)
    if not file:
        return ()
    text = _small(store, record, file, MAX_LABEL_BYTES).decode("utf-8-sig", "replace")
    lines = text.splitlines()
    if len(lines) > MAX_LABELS:
        raise TooLargeError(f"{file} has {len(lines)} lines, more than {MAX_LABELS}", file=file)
    while lines and not lines[-1].strip():
        lines.pop()
    return tuple(lines)


def labels_file(record: ModelRecord) -> str:
    """Return the file with class names: the path that params.json says, or one of that name."""
    wanted = str(PurePosixPath(record.labels.lstrip("/"))) if record.labels else ""
    if wanted in record.files:
        return wanted
    name = PurePosixPath(wanted).name
    alike = [file for file in record.files if name and PurePosixPath(file).name == name]
    return alike[0] if len(alike) == 1 else ""


def _contract(store: ObjectStore, record: ModelRecord) -> "Contract | None":
    if CONTRACT not in record.files:
        return None
    from mlaas4hep.core.models.bundle.contract import Contract  # noqa: PLC0415 - see above

    return wire.load(Contract, _small(store, record, CONTRACT, MAX_CONTRACT_BYTES))


def _small(store: ObjectStore, record: ModelRecord, file: str, limit_bytes: int) -> bytes:
    key = keys.model_file(record.owner, record.name, record.version, file)
    info = store.info(key)
    if info is not None and info.size_bytes > limit_bytes:
        raise TooLargeError(
            f"{file} has {info.size_bytes} bytes, more than {limit_bytes}", file=file
        )
    return integrity.read(store, record, file)
