"""`python -m bench.peers`: predict against the bare handler, in turns, as ratios.

Models lie in a folder; with a store behind a network the look-ups are the same, one a second.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import servers
from bench.questions import ONE, Question
from bench.serving import ask
from bench.table import Sample
from mlaas4hep.core import keys
from mlaas4hep.laptop import issuer

CLIENTS = (1, 10, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        state = Path(made).resolve()
        jwks_url = servers.key_server(state)
        token = issuer.token(state, "bench")
        servers.serve_models(state, keys.owner(issuer.ISSUER, "bench"))
        ports = {"ours": servers.free_port(), "bare": servers.free_port()}
        model = str(state / "built" / "model.tflite")
        bare = [sys.executable, "-m", "bench.peers.bare", str(ports["bare"]), model]
        running = {
            "ours": servers.start_function(state, jwks_url, ports["ours"]),
            "bare": subprocess.Popen(bare),
        }
        try:
            for port in ports.values():
                servers.wait(port)
            _compare(ports, {name: each.pid for name, each in running.items()}, token, options)
        finally:
            for each in running.values():
                each.terminate()
                each.wait()


def _compare(
    ports: dict[str, int], pids: dict[str, int], token: str, options: argparse.Namespace
) -> None:
    headers = (f"Authorization: Bearer {token}",)
    body = json.dumps(ONE).encode()
    print("clients  ours/s  bare/s  ratio  ours CPU us  bare CPU us  ratio (medians of rounds)")
    for clients in CLIENTS:
        found: dict[str, list[Sample]] = {"ours": [], "bare": []}
        for number in range(options.rounds + 1):
            for name, port in ports.items():
                question = Question(name, port, "/json", body, clients, 1, headers)
                sample = ask(question, options.seconds, {port: pids[name]})
                if number:  # the first one loads the model
                    found[name].append(sample)
        rate = {name: [each.value for each in samples] for name, samples in found.items()}
        cost = {
            name: [1e6 / (each.per_cpu or 1) for each in samples] for name, samples in found.items()
        }
        print(f"{clients:7}  {_row(rate, '6.0f')}  {_row(cost, '11.0f')}")


def _row(values: dict[str, list[float]], form: str) -> str:
    ratio = statistics.median(a / b for a, b in zip(values["ours"], values["bare"], strict=True))
    ours, bare = (statistics.median(values[name]) for name in ("ours", "bare"))
    return f"{ours:{form}}  {bare:{form}}  {ratio:5.2f}"


if __name__ == "__main__":
    main()
