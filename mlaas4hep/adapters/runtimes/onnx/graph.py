"""What an `.onnx` file says and ONNX Runtime does not tell; read when it is first asked for."""

from functools import cached_property
from pathlib import Path
from typing import Any

_KEEP_COLUMNS = ("Cast", "Identity", "Normalizer", "Softmax")


class Graph:
    """The graph in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_ranked(self, name: str) -> bool:
        """Tell whether the file says how many dimensions an input or output has."""
        tensors = {
            each.name: each.type.tensor_type for each in (*self._read.input, *self._read.output)
        }
        return name not in tensors or tensors[name].HasField("shape")

    def classes(self, output: str) -> tuple[str, ...] | tuple[int, ...]:
        """Return the keys of the maps that an output gives; () if another operator makes them."""
        for node in self._read.node:
            if node.op_type == "ZipMap" and output in node.output:
                texts = [each.decode() for keys in node.attribute for each in keys.strings]
                return tuple(texts) or tuple(n for keys in node.attribute for n in keys.ints)
        return ()

    def labels(self, output: str) -> tuple[str, ...]:
        """Return the classes of the classifier whose scores an output is (`zipmap=False`).

        () if there is none, or something between the two may change what a column means.
        """
        makers = {made: node for node in self._read.node for made in node.output}
        node, made = makers.get(output), output
        while node is not None and node.op_type in _KEEP_COLUMNS:
            made = node.input[0]
            node = makers.get(made)
        if node is None or made != node.output[-1]:
            return ()
        attributes = {each.name: each for each in node.attribute}
        for name in ("classlabels_strings", "classlabels_ints", "classlabels_int64s"):
            if name in attributes and (attributes[name].strings or attributes[name].ints):
                return tuple(each.decode() for each in attributes[name].strings) or tuple(
                    map(str, attributes[name].ints)
                )
        return ()

    @cached_property
    def _read(self) -> Any:
        import onnx  # noqa: PLC0415 - half a second, for few files

        return onnx.load(self._path, load_external_data=False).graph
