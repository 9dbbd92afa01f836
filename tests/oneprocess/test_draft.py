"""A first set of files for a run, from a look at the data."""

import json

import numpy as np
import pytest
import uproot

from mlaas4hep.core.requests.request import Resources
from mlaas4hep.errors import ConflictError, InvalidRequestError
from mlaas4hep.oneprocess import draft as drafts
from mlaas4hep.oneprocess import run as oneprocess
from mlaas4hep.oneprocess.folder import Paths, read_request

BRANCHES = {
    "run": np.ones(40, np.int32),
    "event": np.arange(40, dtype=np.int64),
    "pt": np.linspace(0, 1, 40, dtype=np.float32),
    "njets": np.arange(40, dtype=np.int32) % 5,
    "weight_a": np.ones(40, np.float32),
    "weight_b": np.ones(40, np.float32),
    "weight_c": np.ones(40, np.float32),
    "mc_pt": np.ones(40, np.float32),
}


def write(path, tree="events", **more):
    with uproot.recreate(path) as file:
        file[tree] = {**BRANCHES, **more}
    return str(path)


@pytest.fixture
def source():
    with oneprocess.services() as services:
        yield services.source


@pytest.fixture
def drafted(source):
    def make(*files, label="", tree=""):
        return drafts.draft(source, drafts.look(source, files, tree), "luca", label)

    return make


def test_two_files_are_two_classes_and_what_is_no_feature_is_left_out(drafted, tmp_path):
    files = [write(tmp_path / name) for name in ("bkg.root", "signal.root")]

    made = drafted(*files)

    params = json.loads(made.texts["params.json"])
    assert made.texts["files.txt"] == "bkg.root\nsignal.root\n"
    assert made.texts["labels.txt"] == "0\n1\n"
    assert params["branch"] == "events"
    assert params["identifier"] == ["event", "run"]
    assert params["exclude_branches"] == ["weight_*", "mc_pt"]
    assert "missing" not in params
    assert "binary_crossentropy" in made.texts["model.py"]
    assert json.loads(made.texts["submit.json"])["name"] == "luca"
    assert "features (2): njets, pt" in made.notes


def test_three_files_are_three_named_classes(drafted, tmp_path):
    files = [write(tmp_path / name) for name in ("qcd.root", "ttbar.v2.root", "4top.root")]

    made = drafted(*files)

    assert made.texts["labels.txt"] == "qcd\nttbar\nc4top\n"
    assert 'Dense(3, activation="softmax")' in made.texts["model.py"]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("bkg_1", "signal_2", "signal_1", "bkg_2"), "0 1 1 0"),
        (("zprime_500", "zprime_1000", "tt"), "1 1 0"),
        (("qcd_1", "qcd_2", "tt", "wjets-07"), "qcd qcd tt wjets"),
        (("m500", "m1000", "m2000"), "m500 m1000 m2000"),
    ],
)
def test_numbered_files_are_of_one_class(drafted, tmp_path, names, labels):
    made = drafted(*(write(tmp_path / f"{name}.root") for name in names))

    assert made.texts["labels.txt"].split() == labels.split()
    told = ", ".join(
        f"{name}.root is {each}" for name, each in zip(names, labels.split(), strict=True)
    )
    assert any(note.endswith(f", from {told}") for note in made.notes)


@pytest.mark.parametrize(
    ("label", "loss"),
    [
        ("njets", "sparse_categorical_crossentropy"),
        ("njets > 2", "binary_crossentropy"),
        ("pt", "mse"),
    ],
)
def test_the_model_fits_what_the_label_is(drafted, tmp_path, label, loss):
    made = drafted(write(tmp_path / "a.root"), label=label)

    assert made.texts["labels.txt"] == f"{label}\n"
    assert f'loss="{loss}"' in made.texts["model.py"]


def test_a_branch_called_label_is_the_label(drafted, tmp_path):
    made = drafted(write(tmp_path / "a.root", isSignal=np.arange(40, dtype=np.int32) % 2))

    assert made.texts["labels.txt"] == "isSignal\n"


def test_one_file_without_a_clear_label_names_what_it_may_be(drafted, tmp_path):
    with pytest.raises(InvalidRequestError, match="njets") as caught:
        drafted(write(tmp_path / "a.root"))
    assert "--label" in caught.value.problem.hint


@pytest.mark.parametrize(
    ("label", "said"), [("run", "is \\[1.0\\] in all"), ("ptt", "no branch"), ("pt >", "pt >")]
)
def test_a_label_that_cannot_be_learnt_is_refused(drafted, tmp_path, label, said):
    with pytest.raises(InvalidRequestError, match=said):
        drafted(write(tmp_path / "a.root"), label=label)


def test_the_tree_with_most_values_is_meant(drafted, tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["meta"] = {f"x{i}": np.zeros(1) for i in range(20)}
        file["runs"] = {"run": np.zeros(60, np.int32)}  # as NanoAOD of few events has it
        file["events"] = BRANCHES

    made = drafted(str(path), label="njets")

    assert json.loads(made.texts["params.json"])["branch"] == "events"


def test_values_that_mean_missing_are_told_and_written_for_their_branch_alone(drafted, tmp_path):
    met = np.linspace(20, 90, 40, dtype=np.float32)
    met[::5] = -999.9
    mask = np.where(met < 0, 31, 1).astype(np.int32)
    files = [
        write(tmp_path / name, met=met, deep=-met, mask=mask)
        for name in ("bkg.root", "signal.root")
    ]

    made = drafted(*files)

    assert (
        'far outside and repeated; "missing" of params.json if they mean it (1): mask (31 in 0.2 of values)'
        in made.notes
    )
    missing = json.loads(made.texts["params.json"])["missing"]
    value = float(np.float32(999.9))
    assert missing == {"deep": [value], "met": [-value]}
    assert (
        "taken as missing, because far outside and repeated (2): deep (999.9 in 0.2 of values),"
        " met (-999.9 in 0.2 of values)" in made.notes
    )


def test_branches_that_not_all_files_have_are_left_out(drafted, tmp_path):
    files = [write(tmp_path / "a.root"), write(tmp_path / "b.root", extra=np.zeros(40))]

    made = drafted(*files)

    assert "extra" in json.loads(made.texts["params.json"])["exclude_branches"]


def test_many_branches_that_not_all_files_have_are_left_out_by_policy(drafted, tmp_path):
    paths = {f"HLT_path{i}": np.zeros(40) for i in range(21)}
    whole, decimal = np.arange(40, dtype=np.int32), np.linspace(0, 1, 40)
    files = [
        write(tmp_path / "a.root", charge=whole),
        write(tmp_path / "b.root", **paths, charge=decimal),
    ]

    made = drafted(*files)

    params = json.loads(made.texts["params.json"])
    assert params["missing_branches"] == "common"
    assert params["exclude_branches"] == ["weight_*", "mc_pt"]
    assert "features (3): charge, njets, pt" in made.notes


def _with_only(path, *names):
    with uproot.recreate(path) as file:
        file["events"] = dict.fromkeys(names, np.arange(40.0))
    return str(path)


def test_files_without_a_common_branch_are_told_what_each_has(drafted, tmp_path):
    files = [_with_only(tmp_path / "a.root", "x", "y"), _with_only(tmp_path / "b.root", "z")]

    with pytest.raises(InvalidRequestError, match=r"a\.root has x, y; b\.root has z") as refused:
        drafted(*files)
    assert "params.json" not in refused.value.problem.hint


def test_files_that_share_no_feature_are_told_what_they_share(drafted, tmp_path):
    files = [_with_only(tmp_path / f"{each}.root", "weight", each) for each in "ab"]

    with pytest.raises(InvalidRequestError, match=r"have alike are only .*: weight$"):
        drafted(*files)


def test_what_is_written_is_a_folder_that_a_run_takes(drafted, tmp_path):
    files = [write(tmp_path / name) for name in ("a.root", "b.root")]
    out = tmp_path / "luca"

    drafts.write(drafted(*files), out)

    request = read_request(Paths.of(out), "luca_1", Resources())
    assert [file.url for file in request.files] == files
    assert (out / "a.root").is_symlink()
    with pytest.raises(ConflictError, match=r"files\.txt"):
        drafts.write(drafted(*files), out)


def test_files_of_one_name_are_refused(drafted, tmp_path):
    (tmp_path / "x").mkdir()
    files = [write(tmp_path / "a.root"), write(tmp_path / "x" / "a.root")]

    with pytest.raises(InvalidRequestError, match="2 files are called"):
        drafted(*files)


def test_tables_without_trees_work_too(drafted, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("pt,label\n" + "".join(f"{n / 10},{n % 2}\n" for n in range(20)))

    made = drafted(str(path))

    assert made.texts["labels.txt"] == "label\n"
    assert "features (1): pt" in made.notes


def table(path, texts):
    """Write a table whose label is text, 20 times the same texts."""
    rows = [f"{number},{text}" for number, text in enumerate(texts * 20)]
    path.write_text("\n".join(["pt,label", *rows]) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("texts", "labels", "classes"),
    [
        (["b", "s"], 'where(label == "b", 0, where(label == "s", 1, 0/0))', "0 is b, 1 is s"),
        (
            ["signal", "qcd", ""],
            'where(label == "qcd", 0, where(label == "signal", 1, 0/0))',
            "0 is qcd, 1 is signal",
        ),
        (
            ["sig", "tt 4f"],
            'where(label == "tt 4f", 0, where(label == "sig", 1, 0/0))',
            "0 is tt 4f, 1 is sig",
        ),
        (
            ["w", "z", "h"],
            'where(label == "h", 0, where(label == "w", 1, where(label == "z", 2, 0/0)))',
            "0 is h, 1 is w, 2 is z",
        ),
    ],
)
def test_classes_that_are_text_are_numbered(drafted, tmp_path, texts, labels, classes):
    made = drafted(table(tmp_path / "a.csv", texts))

    assert made.texts["labels.txt"] == f"{labels}\n"
    assert any(classes in note for note in made.notes)
    last = f"Dense({len(texts) if len(texts) > 2 and '' not in texts else 1}, "
    assert last in made.texts["model.py"]


def test_text_that_names_no_classes_is_refused(drafted, tmp_path):
    with pytest.raises(InvalidRequestError, match="is text with 30 different values") as caught:
        drafted(table(tmp_path / "a.csv", [f"jet {number}" for number in range(30)]))
    assert "--label 'label == \"signal\"'" in caught.value.problem.hint
