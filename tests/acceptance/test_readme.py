"""What README and tutorial show is done here, line by line, with nothing but the ports changed."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.acceptance.collector import collecting
from tests.acceptance.prometheus import scraped
from tests.laptops import Laptop
from tests.manual import script

REPOSITORY = Path(__file__).parents[2]
RULES = REPOSITORY / "deploy" / "monitoring" / "prometheus.yaml"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALLED = 'export PATH="$PWD/.venv/bin:$PATH"\n'  # as the tutorial says in its first lines
FAAS_CLI = shutil.which("faas-cli", path=os.environ.get("FAAS_CLI_PATH", os.environ["PATH"]))
PORTS = ("http://127.0.0.1:8080", "http://127.0.0.1:8433", "http://127.0.0.1:8083")
pytestmark = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="the extra `demo` is not installed"
)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Return a folder like a fresh clone, in which all blocks were run, and what they printed."""
    folder = clone(tmp_path_factory.mktemp("clone"))
    home = folder / "home"
    readme = "\n".join(
        block
        for block in BLOCK.findall((REPOSITORY / "README.md").read_text())
        if FAAS_CLI or "faas-cli" not in block
    )
    with (
        collecting() as (collector, spans),
        Laptop(home / "mlaas4hep", MLAAS_TRACES=collector) as laptop,
    ):
        done = typed(readme, folder, home, laptop)
        tutorial = typed(
            INSTALLED + script("tutorial.md"), clone(folder / "tutorial"), home, laptop
        )
        notebook = executed(folder / "examples", laptop)
        targets, metrics = scraped(RULES, folder / "prometheus", laptop.urls[0])
    return SimpleNamespace(
        folder=folder,
        done=done,
        tutorial=tutorial,
        notebook=notebook,
        targets=targets,
        metrics=metrics,
        spans=spans,
    )


def clone(folder: Path) -> Path:
    """Return a folder with what of a fresh clone the guides use."""
    shutil.copytree(
        REPOSITORY / "examples",
        folder / "examples",
        ignore=shutil.ignore_patterns("*.root", "model"),
    )
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def typed(text: str, folder: Path, home: Path, laptop: Laptop):
    """Return what became of lines that somebody typed in a folder."""
    for usual, here in zip(PORTS, laptop.urls, strict=True):
        text = text.replace(usual, here)
    programs = [os.environ["PATH"], *([str(Path(FAAS_CLI).parent)] if FAAS_CLI else [])]
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={
            "HOME": str(home),
            "PATH": os.pathsep.join(programs),
            "XDG_DATA_HOME": str(home),
            "MLAAS4HEP_URL": laptop.urls[0],
            "OPENFAAS_URL": laptop.urls[0],
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def executed(folder: Path, laptop: Laptop):
    """Return the example notebook after every cell was run beside its data."""
    nbformat = pytest.importorskip("nbformat", reason="the extra `dev` is not installed")
    nbclient = pytest.importorskip("nbclient", reason="the extra `dev` is not installed")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLAAS4HEP_URL", laptop.urls[0])
        environment.setenv("MLAAS4HEP_TOKEN", laptop.token("luca"))
        environment.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        notebook = nbformat.read(REPOSITORY / "examples" / "jets.ipynb", as_version=4)
        resources = {"metadata": {"path": str(folder)}}
        return nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()


def test_every_line_works(machine):
    done = machine.done

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_the_lines_do_what_is_said_beside_them(machine):
    folder, done = machine.folder, machine.done

    contract = json.loads((folder / "examples" / "jets" / "model" / "contract.json").read_text())
    held_out = re.search(r"held-out AUC (0\.\d+)", done.stdout)  # of `run`, which comes first
    assert contract["classes"] == ["background", "resonance"]
    assert float(held_out[1]) > 0.9
    assert "luca_1 is done: the model luca_1 is served" in done.stdout
    assert (folder / "scores.parquet").stat().st_size > 0
    assert (folder / "pia_1.tar.gz").read_bytes()[:2] == b"\x1f\x8b"
    (score,) = re.findall(r'"predictions": ?\[([0-9.e-]+)\]', done.stdout)  # of one entry: curl's
    assert float(score) > 0.5


def test_the_tutorial_ends_with_a_model_under_a_name(machine):
    done = machine.tutorial

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "top_1 is done: the model top_1 is served" in done.stdout
    assert re.search(r"^\[0\.\d+\]$", done.stdout, re.MULTILINE)  # what Python predicts
    assert "flavours" in done.stdout


def test_the_notebook_shows_a_run_and_its_histograms(machine):
    notebook = machine.notebook
    shown = [
        (output.get("data") or {}).get(kind, "")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for kind in ("text/html", "text/plain", "image/png")
    ]
    text = "\n".join(shown)

    assert "<b>notebook_1</b> is done, from a notebook" in text
    assert "val_loss" in text
    assert "Hist(Variable(" in text
    assert "production" in text
    pictures = [each for each in shown if each.startswith("iVBOR")]
    assert len(pictures) == 3  # ROC curves, scores by class, and a branch


def test_prometheus_scrapes_every_function_with_the_rules_for_operators(machine):
    functions = ("workflow", "predict", "specs", "chunk-preprocess", "train")

    assert machine.targets == dict.fromkeys(functions, "up")
    assert {"mlaas_requests_total", "mlaas_request_seconds_bucket", "mlaas_runs"} <= set(
        machine.metrics
    )


def test_the_readme_shows_no_variable_that_nothing_reads():
    shown = set(re.findall(r"export (\w+)=", (REPOSITORY / "README.md").read_text()))

    assert shown <= {"PATH", "MLAAS4HEP_TOKEN", "MLAAS4HEP_URL"}


def test_one_trace_leads_from_a_persons_call_through_events_into_every_function(machine):
    begun = [each for each in machine.spans if each.name == "POST /runs"]
    traces = [[each for each in machine.spans if each.trace == one.trace] for one in begun]
    trained = [trace for trace in traces if any("train" in each.service for each in trace)]

    assert trained
    for trace in trained:
        services = {each.service.removeprefix("mlaas4hep-") for each in trace}
        assert services >= {"workflow", "specs", "chunk-preprocess", "train"}
        (first,) = (each for each in trace if not each.parent)
        assert (first.service, first.name) == ("mlaas4hep-workflow", "POST /runs")
        assert {each.parent for each in trace} - {""} <= {each.id for each in trace}
