"""`python -m mlaas4hep.adapters.runtimes.tensorflow.child`: the process in which somebody's graph runs.

A SavedModel is a program: it may read and write files. So it is loaded by a process that has given
up everything but its own folder. Only `adapters.savedmodel` starts it.
"""

import os
import socket
import sys
from pathlib import Path

from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.runtimes.tensorflow import frames

_NOISE = ("File ", "Detected at node", "Graph execution error")  #: our own code, in a traceback


def main(arguments: list[str]) -> None:
    """Load the model in the working folder and answer frames with frames.

    Args:
        arguments: socket descriptor, parent's process id, memory, file, input node, output node.
    """
    descriptor, parent, memory_bytes, file, input_node, output_node = arguments
    end = socket.socket(fileno=int(descriptor))
    confine(work=Path.cwd(), memory_bytes=int(memory_bytes), parent=int(parent))
    try:
        from mlaas4hep.adapters.runtimes.tensorflow.graph import load  # noqa: PLC0415 - TensorFlow

        graph = load(Path.cwd(), file, input_node, output_node)
    except Exception as error:  # noqa: BLE001 - the graph is somebody's program
        frames.send(end, {"error": _text(error)}, {})
        return
    frames.send(end, {"inputs": graph.inputs, "outputs": graph.outputs}, {})
    while True:
        try:
            _, feeds = frames.receive(end)
        except (EOFError, OSError):
            os._exit(0)
        try:
            outputs = graph.run(feeds)
        except Exception as error:  # noqa: BLE001 - the same
            frames.send(end, {"error": _text(error)}, {})
        else:
            frames.send(end, {}, outputs)


def _text(error: Exception) -> str:
    """Return what a person can use: without our code, and without the folder's name."""
    text = str(error).replace(f"{Path.cwd()}/", "").replace(str(Path.cwd()), "the model")
    lines = [line.strip() for line in text.splitlines()]
    told = " ".join(line for line in lines if line and not line.startswith(_NOISE))
    return told[:500] or type(error).__name__


if __name__ == "__main__":
    main(sys.argv[1:])
