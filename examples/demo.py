"""The main job on real data, as a person does it: `make demo`.

Starts the laptop platform in a temporary folder on free ports, gets a token, uploads a tarball,
submits it, watches it train, shows what the network is worth on entries that it has never seen,
asks the predict function about one raw entry, and stops everything that it started.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import uproot

EXAMPLE = Path(__file__).resolve().parent / "single_top"
NAME = "single_top"
COMMAND = Path(sys.executable).with_name("mlaas4hep")
EXPECTED_AUC = 0.75
STOP_S = 30.0


def main() -> int:
    """Run the demo and return 0 if the network learnt what it should."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mlaas4hep-demo-") as folder:
        work = Path(folder)
        say("start the platform: NATS, dispatcher, gateway and the five functions")
        with platform(work / "state") as gateway:
            auc = job(gateway, work)
        say("everything is stopped")
    print(f"    {time.monotonic() - began:.0f} s in all")
    if auc < EXPECTED_AUC:
        print(f"an AUC of at least {EXPECTED_AUC} was expected, not {auc:.3f}", file=sys.stderr)
        return 1
    return 0


def job(gateway: str, work: Path) -> float:
    """Do the whole job through the gateway and return the AUC on held-out entries."""
    say("get a token")
    os.environ["MLAAS4HEP_URL"] = f"{gateway}/function/workflow"
    os.environ["MLAAS4HEP_TOKEN"] = output("token", "--user", "demo", "--state", work / "state")

    say("pack and upload the tarball")
    root_file = get_data(work)
    show("upload", pack(work, root_file), "--name", NAME)

    say("submit it and watch it train")
    run = json.loads(output("submit", NAME, "--json"))["name"]
    show("watch", run)

    say(f"what {run} is worth on entries that it has never seen")
    auc = json.loads(output("status", run, "--json"))["metrics"]["test_auc"]
    print(f"    held-out AUC {auc:.3f}")

    say("ask the predict function about entry 0 of the file, with the values that the file has")
    entry, label = first_entry(root_file)
    answer = post(f"{gateway}/function/predict/json", {"model": run, "entries": [entry]})
    print(f"    the network says {answer['predictions'][0]:.3f}; elmu is {label}")
    return float(auc)


def get_data(work: Path) -> Path:
    """Let the example put its ROOT file into the folder, and return it."""
    script = (sys.executable, EXAMPLE / "get_data.py", work)
    return Path(subprocess.run(script, check=True, capture_output=True, text=True).stdout.strip())


def pack(work: Path, root_file: Path) -> Path:
    """Return a tarball with the texts of the example and its ROOT file."""
    tarball = work / f"{NAME}.tar.gz"
    with tarfile.open(tarball, "w:gz", compresslevel=1) as archive:
        for name in ("files.txt", "labels.txt", "model.py", "params.json"):
            archive.add(EXAMPLE / name, f"{NAME}/{name}")
        archive.add(root_file, f"{NAME}/{root_file.name}")
    return tarball


def first_entry(root_file: Path) -> tuple[dict[str, float], int]:
    """Return entry 0 with the branches that the network learnt from, and its label."""
    hidden = re.compile(r"OS|SS|elel|elmu|mumu|randumRunNumber|reg.*|weight.*")
    with uproot.open(root_file) as file:
        tree = file["WtLoop_nominal"]
        values = tree.arrays(entry_stop=1, library="np")
    entry = {name: value[0].item() for name, value in values.items() if not hidden.fullmatch(name)}
    return entry, int(values["elmu"][0])


@contextmanager
def platform(state: Path) -> Iterator[str]:
    """Run `mlaas4hep up` while the context lasts; gives the address of its gateway."""
    options = ("--state", state, "--port", "0", "--workflow-port", "0", "--predict-port", "0")
    with subprocess.Popen((COMMAND, "up", *options), stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = process.stdout.readline() if process.stdout else ""
            address = re.search(r"http://127\.0\.0\.1:\d+", ready)
            if address is None:
                raise SystemExit(f"the platform did not start: {ready!r}")
            print(f"    {ready.strip()}")
            yield address[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_S)


def post(url: str, body: object) -> dict:
    """Return the JSON answer to a JSON question."""
    headers = {"Authorization": f"Bearer {os.environ['MLAAS4HEP_TOKEN']}"}
    answer = httpx2.post(url, json=body, headers=headers, timeout=60)
    return answer.raise_for_status().json()


def say(text: str) -> None:
    """Print the title of the next part."""
    print(f"\n==> {text}", flush=True)


def show(*words: object) -> None:
    """Run `mlaas4hep` with its output on the terminal."""
    subprocess.run((COMMAND, *map(str, words)), check=True)


def output(*words: object) -> str:
    """Run `mlaas4hep` and return what it prints."""
    command = (COMMAND, *map(str, words))
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"the demo ends here: mlaas4hep {error.cmd[1]} failed")
