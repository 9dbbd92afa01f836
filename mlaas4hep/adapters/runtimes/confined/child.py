"""`python -m mlaas4hep.adapters.runtimes.confined.child`: the process in which somebody's graph runs.

A model is a program: it may read and write files, loop for ever, or take all memory. So it is
loaded by a process that has given up everything but its own folder, and that can be ended. Only
`confined/process.py` starts it.
"""

import importlib
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.children import frames
from mlaas4hep.adapters.children.imports import imported_for_good
from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.confinement.imports import without
from mlaas4hep.adapters.confinement.levels import ConfinementError
from mlaas4hep.adapters.confinement.limits import LARGEST_FILE
from mlaas4hep.adapters.runtimes.entry import Entry, ModelError
from mlaas4hep.adapters.runtimes.folded import joined
from mlaas4hep.core.models.bundle import folding
from mlaas4hep.core.requests.frameworks import info

_NOISE = ("File ", "Detected at node", "Graph execution error")  #: our own code, in a traceback
_KEPT_BYTES = 512 * 1024**2  #: more than it had after loading: this process had better begin anew
_LOADERS = {
    "litert": "mlaas4hep.adapters.runtimes.litert.load",
    "native": "mlaas4hep.adapters.runtimes.native.load",
    "onnx": "mlaas4hep.adapters.runtimes.onnx.load",
    "rehearsal": "mlaas4hep.adapters.runtimes.litert.rehearse",
    "tensorflow": "mlaas4hep.adapters.runtimes.tensorflow.load",
}
_FRAMEWORKS = {"tensorflow": "keras"}  #: engine -> framework that it imports
#: kinds whose loaders write files: Keras unpacks what layers need, PyTorch makes folders of caches
_WRITING = (".keras", ".torch")


def main(arguments: list[str]) -> None:
    """Load the model in the working folder and answer frames with frames.

    Args:
        arguments: socket descriptor, parent's process id, memory, demanded confinement, engine,
            file, input node, output node, folds (0: there is one model).
    """
    descriptor, parent, memory_bytes, demand, engine, file, *rest = arguments
    end = socket.socket(fileno=int(descriptor))
    try:
        confine(
            work=Path.cwd(),
            memory_bytes=int(memory_bytes),
            parent=int(parent),
            demand=demand,
            file_bytes=LARGEST_FILE if file.endswith(_WRITING) else 0,
        )
        entries = _loaded(prepare(engine), file, *rest)
    except ConfinementError as error:
        frames.send(end, {"unavailable": str(error)}, {})
        return
    except ModuleNotFoundError as error:
        frames.send(end, {"error": f"{error.name} is not installed in this deployment"}, {})
        return
    except (Exception, MemoryError) as error:  # noqa: BLE001 - the graph is somebody's program
        hint = error.hint if isinstance(error, ModelError) else ""
        frames.send(end, {"error": _text(error), "hint": hint}, {})
        return
    frames.send(end, {"signatures": {name: _described(each) for name, each in entries.items()}}, {})
    _serve(end, entries)


def prepare(engine: str) -> Any:
    """Import and return what loads the models of an engine."""
    hidden = info(_FRAMEWORKS[engine]).hides if engine in _FRAMEWORKS else ()
    with imported_for_good(), without(hidden):
        return importlib.import_module(_LOADERS[engine])


def _loaded(loader: Any, file: str, *rest: str) -> dict[str, Entry]:
    """Return the entries of a model, or those of the models of all folds as one."""
    *nodes, folds = rest
    if not int(folds):
        return loader.load(Path.cwd(), file, *nodes)  # type: ignore[no-any-return]
    files = [folding.alike(file, fold) for fold in range(int(folds))]
    return joined([loader.load(Path.cwd(), each, *nodes) for each in files])


def _serve(end: socket.socket, entries: Mapping[str, Entry]) -> None:
    most = _resident_bytes() + _KEPT_BYTES
    while True:
        try:
            head, feeds = frames.receive(end)
        except (EOFError, OSError):
            os._exit(0)
        try:
            outputs = entries[head["signature"]].run(feeds)
        except (Exception, MemoryError) as error:  # noqa: BLE001 - the same
            frames.send(end, {"error": _text(error), "spent": _resident_bytes() > most}, {})
        else:
            frames.send(end, {"spent": _resident_bytes() > most}, outputs)
            del outputs


def _described(entry: Entry) -> dict[str, Any]:
    return {"inputs": entry.inputs, "outputs": entry.outputs, "classes": dict(entry.classes)}


def _resident_bytes() -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - twice as fast, for each batch
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _text(error: BaseException) -> str:
    """Return what a person can use: without our code, and without the folder's name."""
    if isinstance(error, MemoryError):
        return "it needs more memory than a model may take"
    text = str(error).replace(f"{Path.cwd()}/", "").replace(str(Path.cwd()), "the model")
    lines = [line.strip() for line in text.splitlines()]
    text = " ".join(line for line in lines if line and not line.startswith(_NOISE))
    return text[:500] or type(error).__name__


if __name__ == "__main__":
    main(sys.argv[1:])
