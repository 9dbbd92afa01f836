"""Scans whose trials pretend to train."""

import json
from dataclasses import replace

from mlaas4hep.core import wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.scan import parse_scan
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import (
    ChunkReady,
    EpochEnded,
    ModelReady,
    ScanContinued,
)
from mlaas4hep.errors import PermanentError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.inputs import load_request
from mlaas4hep.pipeline.records import new_run, store_run
from mlaas4hep.pipeline.scans import load_scan
from mlaas4hep.testing import pipeline

ENTRIES = 300


def pretend_train(event, services):
    """Train as a model whose loss is the smaller the wider it is, and that refuses width 13."""
    if event.index:
        return
    request = load_request(event, services)
    width = dict(request.params.arguments).get("width", 1)
    if width == 13:
        raise PermanentError("model.py: ValueError: unlucky", stage="train")
    fact = {"owner": event.owner, "run": event.run, "attempt": event.attempt}
    services.runs.wait(event.owner, event.run, lambda run: run.chunks.complete, 10)
    metrics = (("val_loss", 1 / width),)
    rounds = [{"val_loss": 2 / width}, {"val_loss": 1 / width}]
    services.runs_files.put(files.key("o", event.run, files.HISTORY), json.dumps(rounds).encode())
    yield EpochEnded(**fact, round=1, metrics=metrics)
    services.models.put(f"{event.owner}/{event.run}/v/model.onnx", f"model {width}".encode())
    record = ModelRecord(
        owner=event.owner, name=event.run, version="v", files=("model.onnx",), run_id="r"
    )
    services.models.put(f"{event.owner}/{event.run}/model.json", wire.dump(record))
    yield ModelReady(**fact, model=event.run, version="v", metrics=metrics)


STEPS = {**table.steps("specs", "chunk-preprocess"), ChunkReady: pretend_train}


def submitted(services, data, **scan):
    """Submit a scan, of which nothing is done yet."""
    request = pipeline.submit(services, data, chunk_size=100)
    services.runs.delete("o", request.run)  # only its request is of use here
    wanted = parse_scan(scan)
    base = replace(request, run="r_7")
    stored = {files.REQUEST: wire.dump(base), files.SCAN: wire.dump(wanted)}
    store_run(new_run(base, 7, 0.0, is_scan=True), stored, services)
    services.bus.publish([ScanContinued(owner="o", run="r_7")])


def run_scan(services, data, **scan):
    """Do a whole scan and return its run, and how its trials stand."""
    submitted(services, data, **scan)
    drain(services, STEPS)
    return services.runs.get("o", "r_7"), load_scan("o", "r_7", services)[1]
