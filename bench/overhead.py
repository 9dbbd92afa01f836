"""`python -m bench.overhead`: what the platform adds to a run of 10 000 entries.

The laptop platform with all its processes, a tarball uploaded before; from the run's record, the
time from its creation to its model, after a run like it. Taken off: specs, chunks and fit as the
record has them. What is left is events, processes, tokens, stores, the model's build, its conversion
and the checks of it.
"""

import argparse
import io
import json
import re
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.part import run, tell
from bench.steps.inputs import IDENTIFIERS, Inputs
from bench.table import Line, Sample, lines
from mlaas4hep.client import Client
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.laptop import issuer

INPUTS = Inputs("small")
NAME, WHOLE = "overhead of a run", "submit to model"
COMMAND = (sys.executable, "-m", "mlaas4hep.cli", "up")
MODEL = """
from keras import Input, Sequential
from keras.layers import Dense, Dropout

def model(idim):
    made = Sequential([
        Input((idim,)), Dense(128, activation="relu"), Dropout(0.2),
        Dense(64, activation="relu"), Dense(1, activation="sigmoid"),
    ])
    made.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return made
"""
PARAMS = {
    "nevts": -1,
    "chunk_size": 2500,
    "epochs": 3,
    "batch_size": 100,
    "shuffle": True,
    "split": 0.3,
    "branch": "events",
    "identifier": list(IDENTIFIERS),
}
STOP_S = 60.0


def measure(options: argparse.Namespace) -> list[Line]:
    """Start a platform, and train the same model once in every round."""
    if options.only not in NAME:
        return []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        state = Path(folder).resolve() / "state"
        with _platform(state) as gateway:
            token = issuer.token(state, "bench")
            with Client(f"{gateway}/function/workflow", token) as client:
                client.upload(_tarball(options.inputs), name="bench")
                _trained(client)  # fills the page cache, and prepares the training's process
                rounds = [_round(client, number) for number in range(options.rounds)]
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024  # the training
    rounds = [{**each, WHOLE: replace(each[WHOLE], memory_mb=largest)} for each in rounds]
    return lines("overhead", "s", rounds, {})


def _round(client: Client, number: int) -> dict[str, Sample]:
    tell(f"round {number + 1}")
    report = _trained(client)
    specs, chunks, fit = (stage.seconds or 0.0 for stage in report.stages)
    parts = {"specs": specs, "chunks": chunks, "fit": fit}
    return {
        WHOLE: Sample(report.seconds, notes=parts),
        NAME: Sample(report.seconds - sum(parts.values())),
    }


def _trained(client: Client) -> Report:
    report = client.wait(client.submit("bench").name)
    if report.problem:
        raise RuntimeError(report.problem.message)
    client.delete_model(report.model)
    client.delete_cache()
    return report


def _tarball(inputs: Path) -> bytes:
    paths = INPUTS.paths(inputs)
    texts = {
        "files.txt": "".join(f"{path.name}\n" for path in paths),
        "labels.txt": "".join(f"{number % 2}\n" for number in range(len(paths))),
        "params.json": json.dumps(PARAMS),
        "model.py": MODEL,
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name, text in texts.items():
            info = tarfile.TarInfo(f"bench/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        for path in paths:
            archive.add(path, f"bench/{path.name}")
    return packed.getvalue()


@contextmanager
def _platform(state: Path) -> Iterator[str]:
    """Run `mlaas4hep up`; gives the address of its gateway."""
    options = ("--state", state, "--port", "0", "--workflow-port", "0", "--predict-port", "0")
    with subprocess.Popen((*COMMAND, *options), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+", ready)
            if address is None:
                raise RuntimeError(f"the platform did not start: {ready!r}")
            yield address[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_S)


if __name__ == "__main__":
    run("overhead", __doc__, measure)
