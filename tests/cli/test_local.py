"""Steps on local files: the formats people and programs rely on."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from typer.main import get_command

from mlaas4hep.cli.app import app

TEXTS = ("files", "params")


def texts(folder, *names):
    suffix = {"params": ".json", "specs": ".json", "preproc": ".json"}
    return [
        part
        for name in names
        for part in (f"--{name}", folder / f"{name}{suffix.get(name, '.txt')}")
    ]


@pytest.fixture
def measured(cli, folder):
    result = cli("specs", *texts(folder, *TEXTS), "--out", folder / "specs.json")
    assert result.code == 0, result.err
    return result


def test_specs_have_the_keys_of_the_ancestor(folder, measured):
    specs = json.loads((folder / "specs.json").read_text())

    assert specs["fkeys"] == ["pt"]
    assert specs["jkeys"] == ["eta"]
    assert specs["jdim"] == {"eta": 2}
    assert specs["events"] == {"signal.root": 40, "background.root": 40, "total": 80}
    assert specs["minv"].keys() == specs["maxv"].keys() == {"pt", "eta"}
    assert measured.out.strip().endswith("2 branches of 80 entries, of which 80 pass")
    assert measured.err == ""


def test_chunks_are_arrays_with_nan_as_padding_and_a_manifest(cli, folder, measured):
    out = folder / "chunks"
    result = cli("chunks", *texts(folder, "files", "labels", "params", "specs"), "--out", out)

    assert result.code == 0, result.err
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["columns"] == ["pt", "eta_0", "eta_1"]
    assert sum(manifest["entries"]) == 80
    arrays = [np.load(out / name) for name in manifest["chunks"]]
    for chunk in arrays:
        assert sorted(chunk) == ["mask", "x", "y"]
        assert chunk["x"].dtype == np.float32
        assert (np.isnan(chunk["x"]) == chunk["mask"].astype(bool)).all()
    assert sum(chunk["y"].sum() for chunk in arrays) == 40


def test_chunks_need_no_labels_txt_where_files_json_says_labels(cli, folder, measured):
    (folder / "files.json").write_text(
        '[{"file": "signal.root", "label": 1}, {"file": "background.root", "label": 0}]'
    )
    said = texts(folder, "params", "specs")
    out = folder / "chunks"

    missing = cli("chunks", "--files", folder / "files.txt", *said, "--out", out)
    done = cli("chunks", "--files", folder / "files.json", *said, "--out", out)

    assert (missing.code, done.code) == (1, 0), done.err
    assert "nothing says what is learned" in missing.err
    assert sum(np.load(each)["y"].sum() for each in out.glob("chunk_*.npz")) == 40


def test_the_label_branch_is_no_feature(cli, folder, measured):
    (folder / "labels.txt").write_text("pt")
    result = cli(
        "chunks",
        *texts(folder, "files", "labels", "params", "specs"),
        *("--out", folder / "chunks", "--json"),
    )

    assert result.json()["columns"] == ["eta_0", "eta_1"]


def test_a_typo_is_told_in_two_lines_with_the_nearest_name(cli, folder):
    (folder / "params.json").write_text('{"brunch": "events"}')
    result = cli("specs", *texts(folder, *TEXTS))

    assert result.code == 1
    error, hint = result.err.splitlines()
    assert error.startswith("error: params.json: unknown key 'brunch' (file ")
    assert hint == "hint: did you mean 'branch'?"


def test_an_error_inside_a_file_names_stage_and_file(cli, folder):
    (folder / "background.root").write_bytes(b"no root")
    result = cli("specs", *texts(folder, *TEXTS))

    assert result.code == 1
    assert "(stage specs, file background.root)" in result.err
    assert "Traceback" not in result.err


def test_with_json_an_error_is_json_too(cli, folder):
    (folder / "background.root").write_bytes(b"no root")
    result = cli("specs", *texts(folder, *TEXTS), "--json")

    error = result.json()["error"]
    assert (result.code, result.err) == (1, "")
    assert (error["stage"], error["file"]) == ("specs", "background.root")
    assert error["hint"] == "copy the file again"


@pytest.mark.parametrize("arguments", [["specs"], ["fly"], ["specs", "--files", "/no/such/file"]])
def test_wrong_usage_is_2(cli, arguments):
    assert cli(*arguments).code == 2


@pytest.mark.parametrize("command", sorted(get_command(app).commands))
def test_every_command_explains_itself_with_an_example(cli, command):
    result = cli(command, "-h")

    assert result.code == 0
    assert "Example: " in result.out


def test_a_whole_run_writes_a_bundle_that_predicts(cli, folder, tmp_path):
    trained = cli("run", folder, "--json")
    rows = tmp_path / "rows.json"
    rows.write_text('[{"pt": 1.0, "eta": [0.5]}, {"pt": 0.0, "eta": []}]')
    predicted = cli("predict", "--model", folder / "model", "--input", rows)

    assert trained.code == 0, trained.err
    assert {"contract.json", "params.json", "saved_model.pb", "model.keras"} <= {
        path.name for path in (folder / "model").iterdir()
    }
    assert len(predicted.json()["predictions"]) == 2
    assert predicted.json()["truncated"] == [[], []]


def test_a_check_says_what_will_be_learned(cli, folder):
    told = cli("check", folder)
    as_json = cli("check", folder, "--json").json()

    assert told.code == 0, told.err
    assert "features: " in told.out
    assert "the model has " in told.out
    assert "\nreading takes " in told.out
    assert "\nnot included: the training: " in told.out
    assert as_json["model"]["parameters"] > 0
    assert {"features", "left_out", "warnings"} <= as_json.keys()


def test_a_folder_that_is_no_model_is_refused(cli, folder):
    result = cli("predict", "--model", folder, "--input", folder / "params.json")

    assert result.code == 1
    assert f"there is no model in '{folder}'" in result.err


def test_training_on_arrays_gives_what_the_whole_run_gives(cli, folder, measured):
    cli("chunks", *texts(folder, "files", "labels", "params", "specs"), "--out", folder / "chunks")
    arguments = ("--model", folder / "model.py", "--params", folder / "params.json")
    apart = cli(
        "train", "--chunks", folder / "chunks", *arguments, "--out", folder / "apart", "--json"
    )
    whole = cli("run", folder, "--json")

    assert apart.json()["metrics"] == whole.json()["metrics"]


def test_weights_and_parts_of_entries_lie_in_the_arrays_and_train(cli, folder):
    params = json.loads((folder / "params.json").read_text())
    more = {"weight": "pt * pt + 1", "validation": "pt > 1"}
    (folder / "params.json").write_text(json.dumps(params | more))
    cli("specs", *texts(folder, *TEXTS), "--out", folder / "specs.json")
    out = folder / "chunks"
    cli("chunks", *texts(folder, "files", "labels", "params", "specs"), "--out", out)
    arguments = ("--model", folder / "model.py", "--params", folder / "params.json")
    apart = cli("train", "--chunks", out, *arguments, "--out", folder / "apart", "--json")
    whole = cli("run", folder, "--json")

    (name, *_) = json.loads((out / "manifest.json").read_text())["chunks"]
    assert {"weights", "parts"} < set(np.load(out / name))
    assert apart.json()["metrics"] == whole.json()["metrics"], apart.err


def test_a_folder_without_a_file_names_it(cli, folder):
    (folder / "model.py").rename(folder / "modl.py")
    result = cli("run", folder)

    assert result.code == 1
    assert "there is no model.py" in result.err
    assert "did you mean 'modl.py'?" in result.err


def test_a_model_never_overwrites_something_else(cli, folder):
    (folder / "model").mkdir()
    (folder / "model" / "thesis.tex").write_text("precious")
    result = cli("run", folder)

    assert result.code == 1
    assert "is no model" in result.err


def test_a_check_names_no_log_of_a_run_that_there_is_not(cli, folder):
    (folder / "model.py").write_text("import sklearn\ndef model(idim):\n    return 1 / 0\n")
    result = cli("check", folder)

    assert result.err.splitlines() == [
        "error: model.py, line 3: ZeroDivisionError: division by zero (stage train, file model.py)",
        "hint: look at line 3 of model.py; a run keeps the traceback in its log",
    ]


def test_a_model_may_come_with_everything_of_another_file(cli, folder):
    (folder / "model.py").rename(folder / "mine.py")
    (folder / "model.py").write_text("import sklearn\nfrom mine import *\n")
    result = cli("check", folder)

    assert result.code == 0, result.err
    assert "features: eta, pt" in result.out


def test_the_log_of_a_training_that_fails_stays_beside_the_model(cli, folder):
    (folder / "model.py").write_text(
        "import sklearn\nprint('built')\ndef model(idim):\n    raise ValueError('so')\n"
    )
    result = cli("run", folder)

    assert result.code == 1
    place, error, hint = result.err.splitlines()
    assert place == f"the run's log is {folder / 'model.log'}"
    assert error.startswith("error: model.py, line 4: ValueError: so")
    assert hint == "hint: look at line 4 of model.py; the traceback is in the run's log"
    log = (folder / "model.log").read_text()
    assert log.index("built") < log.index("Traceback") < log.index("ValueError: so")


@pytest.mark.parametrize("out", ["luca", "luca/files.txt", "/proc/none"])
def test_a_place_that_cannot_hold_the_model_is_refused_before_anything_is_read(cli, folder, out):
    (folder / "params.json").write_text("no JSON: nobody may have looked at it")
    result = cli("run", folder, "--out", folder.parent / out)

    assert result.code == 1
    assert "--out" in result.err
    assert (folder / "model.py").is_file()


def test_data_that_is_not_there_is_named_with_what_fetches_it(cli, folder):
    (folder / "signal.root").unlink()
    missing = cli("run", folder)
    (folder / "get_data.py").write_text("")
    fetched = cli("run", folder)

    assert missing.code == fetched.code == 1
    assert "'signal.root' is not there" in missing.err
    assert f"`python {folder / 'get_data.py'}` fetches it" in fetched.err


@pytest.mark.parametrize("arguments", [("specs", "-h"), ("check", "/nowhere", "--json")])
def test_whoever_reads_no_further_gets_no_traceback(arguments):
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "mlaas4hep.cli", *arguments]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)

    assert (done.returncode, done.stderr) == (1, b"")
