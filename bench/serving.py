"""How fast the predict function answers: `python bench/serving.py [--seconds 3] [--rounds 3]`.

The function runs as OpenFaaS runs it (index.py of our template), asked at its own port by clients
with keep-alive connections from another process on the same machine. The yardstick is a handler
behind the same server that returns a constant. Rounds of all cases are interleaved.
"""

import argparse
import asyncio
import http.server
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import uvloop

from mlaas4hep.adapters.directory import DirectoryStore
from mlaas4hep.core import keys, wire
from mlaas4hep.core.contract import Contract
from mlaas4hep.core.models import ModelRecord
from mlaas4hep.core.specs import BranchSpec, Specs
from mlaas4hep.local import issuer

ROOT = Path(__file__).resolve().parent.parent
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


@dataclass
class Case:
    """One kind of request."""

    name: str
    port: int
    path: str
    body: bytes
    clients: int
    rows: int = 1
    headers: tuple[str, ...] = ()
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)  #: of the server, per request
    pid: int = 0


class Connection(asyncio.Protocol):
    """Sends one request after the other and notes how long each took."""

    def __init__(self, request: bytes, until: float, times: list[float]) -> None:
        self.request, self.until, self.times = request, until, times
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.started = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, split, body = self.buffer.partition(b"\r\n\r\n")
        if not split:
            return
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < size:
            return
        now = time.perf_counter()
        self.times.append(now - self.started)
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self.buffer[:500].decode()))
        elif now >= self.until:
            self.done.set_result(None)
        else:
            self.buffer = b""
            self.send()


async def load(case: dict, seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    head = [f"POST {case['path']} HTTP/1.1", "Host: x", f"Content-Length: {len(case['body'])}"]
    request = "\r\n".join([*head, *case["headers"], "", ""]).encode() + case["body"]
    times: list[float] = []
    until = time.perf_counter() + seconds
    connections = [
        await loop.create_connection(
            lambda: Connection(request, until, times), "127.0.0.1", case["port"]
        )
        for _ in range(case["clients"])
    ]
    await asyncio.gather(*(protocol.done for _, protocol in connections))
    for transport, _ in connections:
        transport.close()
    return times


def client() -> None:
    """Run in a process of its own: a case on standard input, figures on standard output."""
    case = json.loads(sys.stdin.buffer.readline())
    case["body"] = sys.stdin.buffer.read()
    started = time.perf_counter()
    times = uvloop.run(load(case, case["seconds"]))
    took = time.perf_counter() - started
    times.sort()
    figures = {
        "requests": len(times),
        "rate": len(times) / took,
        "p50": 1000 * times[len(times) // 2],
        "p99": 1000 * times[int(len(times) * 0.99)],
    }
    print(json.dumps(figures))


def measure(case: Case, seconds: float) -> None:
    head = {"port": case.port, "path": case.path, "clients": case.clients, "seconds": seconds}
    text = json.dumps({**head, "headers": case.headers}).encode() + b"\n" + case.body
    before = cpu_s(case.pid)
    done = subprocess.run(
        [sys.executable, __file__, "--client"], input=text, capture_output=True, check=True
    )
    result = json.loads(done.stdout)
    case.rates.append(result["rate"])
    case.cpu_us.append(1e6 * (cpu_s(case.pid) - before) / result["requests"])
    case.p50.append(result["p50"])
    case.p99.append(result["p99"])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def wait(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.005)
        else:
            return


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
    return f"http://127.0.0.1:{server.server_address[1]}/jwks"


def serve_models(state: Path, owner: str) -> None:
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
    store = DirectoryStore(state / "store", "models")
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    for name in ("lite", "saved"):
        kept = {file: path for file, path in files.items() if name == "lite" or ".tfl" not in file}
        for file, path in kept.items():
            store.put(keys.model_file(owner, name, "1", file), path.read_bytes())
        store.put(keys.model_file(owner, name, "1", "contract.json"), wire.dump(contract))
        record = ModelRecord(owner=owner, name=name, version="1", files=(*kept, "contract.json"))
        store.put(keys.model(owner, name), wire.dump(record))


def start_function(state: Path, jwks_url: str, port: int) -> subprocess.Popen:
    package = state / "function"
    if not package.exists():
        package.symlink_to(ROOT / "functions" / "predict")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{state}",
        "MLAAS_STORE": f"file://{state}/store",
        "MLAAS_ISSUER": issuer.ISSUER,
        "MLAAS_AUDIENCE": issuer.AUDIENCE,
        "MLAAS_JWKS_URL": jwks_url,
        "MLAAS_PORT": str(port),
        "MLAAS_LOG_LEVEL": "WARNING",
    }
    index = ROOT / "templates" / "python3-mlaas" / "index.py"
    return subprocess.Popen([sys.executable, "-P", str(index)], env=env)


def cases(port: int, constant: int, token: str) -> list[Case]:
    values = [round(0.01 * i, 2) for i in range(WIDTH)]
    names = [f"b{i:02d}" for i in range(WIDTH)]
    rows = np.random.default_rng(1).random((1000, WIDTH), dtype=np.float32)
    auth = (f"Authorization: Bearer {token}",)

    def body(**request: object) -> bytes:
        return json.dumps(request).encode()

    one = body(keys=names, values=values, model="lite")
    saved = body(keys=names, values=values, model="saved")
    entry = body(model="lite", entries=[dict(zip(names, values, strict=True))])
    many = body(values=[[round(float(v), 6) for v in row] for row in rows], model="lite")
    entries = body(
        model="lite",
        entries=[dict(zip(names, map(float, row.round(6)), strict=True)) for row in rows],
    )
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "keras_tensor",
                    "shape": rows.shape,
                    "datatype": "FP32",
                    "parameters": {"binary_data_size": rows.nbytes},
                }
            ],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    binary = (*auth, f"Inference-Header-Content-Length: {len(head)}")
    infer = "/v2/models/lite/infer"
    return [
        Case("constant answer (yardstick)", constant, "/", one, 100),
        Case("one row", port, "/json", one, 100, 1, auth),
        Case("one raw entry", port, "/json", entry, 100, 1, auth),
        Case("one row, SavedModel", port, "/json", saved, 100, 1, auth),
        Case("one row, 1 client", port, "/json", one, 1, 1, auth),
        Case("1000 rows JSON", port, "/json", many, 4, 1000, auth),
        Case("1000 raw entries JSON", port, "/json", entries, 4, 1000, auth),
        Case("1000 rows V2 binary", port, infer, head + rows.tobytes(), 4, 1000, binary),
    ]


def cold_start(state: Path, jwks_url: str, token: str) -> tuple[float, float, int]:
    """Return seconds to the first answer, the processor's share of them, and memory in MB."""
    port = free_port()
    body = json.dumps({"values": [0.5] * WIDTH, "model": "lite"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/json", body, {"Authorization": f"Bearer {token}"}
    )
    started = time.perf_counter()
    process = start_function(state, jwks_url, port)
    try:
        wait(port)
        with urllib.request.urlopen(request) as answer:
            answer.read()
        return time.perf_counter() - started, cpu_s(process.pid), memory_mb(process.pid)
    finally:
        process.terminate()
        process.wait()


def memory_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of the names of cases")
    parser.add_argument("--state", type=Path, help="keep the built model here")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        client()
        return
    with tempfile.TemporaryDirectory() as folder:
        state = options.state or Path(folder)
        state.mkdir(exist_ok=True)
        report(run(state.resolve(), options), options.json)


def run(state: Path, options: argparse.Namespace) -> dict:
    jwks_url = key_server(state)
    token = issuer.token(state, "bench")
    serve_models(state, keys.owner(issuer.ISSUER, "bench"))
    colds = [cold_start(state, jwks_url, token) for _ in range(options.rounds)]
    port, constant = free_port(), free_port()
    processes = [
        start_function(state, jwks_url, port),
        subprocess.Popen([sys.executable, "-c", CONSTANT, str(constant)]),
    ]
    try:
        wait(port), wait(constant)
        found = [each for each in cases(port, constant, token) if options.only in each.name]
        for each in found:
            each.pid = processes[each.port == constant].pid
            measure(each, 0.5)  # loads the model
            for figures in (each.rates, each.p50, each.p99, each.cpu_us):
                figures.clear()
        for _ in range(options.rounds):
            for each in found:
                measure(each, options.seconds)
        memory = memory_mb(processes[0].pid)
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    return {
        "cold_start_s": statistics.median(seconds for seconds, _, _ in colds),
        "cold_start_cpu_s": statistics.median(cpu for _, cpu, _ in colds),
        "cold_start_mb": statistics.median(mb for _, _, mb in colds),
        "peak_mb": memory,
        "cases": [
            {
                "name": each.name,
                "clients": each.clients,
                "requests_per_s": statistics.median(each.rates),
                "rows_per_s": statistics.median(each.rates) * each.rows,
                "p50_ms": statistics.median(each.p50),
                "p99_ms": statistics.median(each.p99),
                "cpu_us": statistics.median(each.cpu_us),
                "spread": max(each.rates) / min(each.rates),
            }
            for each in found
        ],
    }


def report(figures: dict, path: Path | None) -> None:
    print(
        f"cold start to first answer {figures['cold_start_s']:.2f} s "
        f"({figures['cold_start_cpu_s']:.2f} s of processor), "
        f"{figures['cold_start_mb']} MB; peak {figures['peak_mb']} MB"
    )
    print(f"{'case':30} clients   req/s    rows/s  p50 ms  p99 ms  cpu us  spread")
    for case in figures["cases"]:
        print(
            f"{case['name']:30} {case['clients']:7} {case['requests_per_s']:7.0f} "
            f"{case['rows_per_s']:9.0f} {case['p50_ms']:7.1f} {case['p99_ms']:7.1f} "
            f"{case['cpu_us']:7.0f} {case['spread']:7.2f}"
        )
    if path:
        path.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
