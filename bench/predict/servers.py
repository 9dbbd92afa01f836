"""The predict function as OpenFaaS runs it, models for it to serve, and what it is held against."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.part import ROOT
from mlaas4hep.adapters.stores.directory import DirectoryStore
from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.laptop import issuer
from mlaas4hep.ports import ObjectStore

WIDTH = 42
BUILD = """
import sys, keras, tensorflow as tf
layers = [keras.layers.Dense(n, activation="relu") for n in (128, 128, 128, 64, 64, 1)]
model = keras.Sequential([keras.Input(({width},)), *layers, keras.layers.Dense(1, "sigmoid")])
model.export(sys.argv[1], verbose=False)
lite = tf.lite.TFLiteConverter.from_saved_model(sys.argv[1]).convert()
open(sys.argv[1] + "/model.tflite", "wb").write(lite)
"""
CONSTANT = """
import asyncio, sys, uvicorn
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"7")]})
    await send({"type": "http.response.body", "body": b"[0.086]"})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False,
            lifespan="off")
"""


def wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when a process listens; RuntimeError if it ends instead."""
    while process.poll() is None and not listens(port):
        time.sleep(0.005)
    if process.returncode is not None:
        raise RuntimeError(f"{process.args!r} has ended with code {process.returncode}")


@contextmanager
def ended(process: subprocess.Popen[bytes], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Wait until a process listens; it is ended with the context."""
    try:
        wait(process, port)
        yield process
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def key_server(state: Path) -> str:
    body = json.dumps(issuer.jwks(state)).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/jwks"


def serve_models(state: Path, owner: str, store: ObjectStore | None = None) -> None:
    """Build a network once, and store it as two models: in the folder of `state`, if nowhere else."""
    folder = state / "built"
    if not folder.is_dir():
        script = BUILD.replace("{width}", str(WIDTH))
        subprocess.run([sys.executable, "-c", script, str(folder)], check=True, capture_output=True)
    branches = tuple(
        BranchSpec(name=f"b{i:02d}", jagged=False, low=0.0, high=1.0, width=1) for i in range(WIDTH)
    )
    contract = Contract(
        model="lite",
        version="1",
        columns=tuple(each.name for each in branches),
        specs=Specs(branches=branches, ranges=()),
        identifiers=("event",),
    )
    store = store or DirectoryStore(state / "store", "models")
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    for name in ("lite", "saved"):
        kept = {file: path for file, path in files.items() if name == "lite" or ".tfl" not in file}
        for file, path in kept.items():
            store.put(keys.model_file(owner, name, "1", file), path.read_bytes())
        store.put(keys.model_file(owner, name, "1", "contract.json"), wire.dump(contract))
        record = ModelRecord(owner=owner, name=name, version="1", files=(*kept, "contract.json"))
        store.put(keys.model(owner, name), wire.dump(record))


def start_function(state: Path, jwks_url: str, port: int, **given: str) -> subprocess.Popen[bytes]:
    """Start predict as its image does; `given` are further variables."""
    package = state / "function"
    if not package.exists():
        package.symlink_to(ROOT / "functions" / "predict")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{state}",
        "MLAAS_STORE": f"file://{state}/store",
        "MLAAS_NATS": "nats://127.0.0.1:4222",  # as deployed; what nobody asks for is not connected
        "MLAAS_ISSUER": issuer.ISSUER,
        "MLAAS_AUDIENCE": issuer.AUDIENCE,
        "MLAAS_JWKS_URL": jwks_url,
        "MLAAS_PORT": str(port),
        "MLAAS_LOG_LEVEL": "WARNING",
        **given,
    }
    index = ROOT / "templates" / "python3-mlaas" / "index.py"
    return subprocess.Popen([sys.executable, "-P", str(index)], env=env)


def start_constant(port: int) -> subprocess.Popen[bytes]:
    """Start what answers everything with the same number."""
    return subprocess.Popen([sys.executable, "-c", CONSTANT, str(port)])


def watchdog() -> str | None:
    """Return the watchdog of our testbed (`make platform-build`), which go builds if it is there.

    It stands in for of-watchdog, whose images come from a registry.
    """
    go = shutil.which("go")
    if go is None:
        return None
    made = ROOT / "build" / "bench-fwatchdog"
    command = [go, "build", "-mod=mod", "-buildvcs=false", "-o", str(made), "."]
    folder = ROOT / "deploy" / "testbed" / "watchdog"
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True)
    return str(made) if done.returncode == 0 else None


def start_watchdog(program: str, port: int, upstream: int) -> subprocess.Popen[bytes]:
    """Start a watchdog before a server that runs already."""
    env = {
        "PATH": os.environ["PATH"],
        "mode": "http",
        "fprocess": "sleep infinity",
        "upstream_url": f"http://127.0.0.1:{upstream}",
        "port": str(port),
        "max_inflight": "1000",
        "exec_timeout": "60s",
    }
    return subprocess.Popen([program], env=env, stderr=subprocess.DEVNULL)


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> int:
    """Return the high-water of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
