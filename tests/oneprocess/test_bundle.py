"""Where a model may be written, and that it appears as a whole."""

from pathlib import Path

import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ConflictError
from mlaas4hep.oneprocess import bundle
from mlaas4hep.oneprocess import run as oneprocess
from tests.laptop.smalldisk import small_disk

RUN = Run(owner="local", name="r_1", folder="r", number=1, created_at=0, updated_at=0, model="r_1")


@pytest.fixture
def services():
    with oneprocess.services() as made:
        files = {"contract.json": b"{}", "model.keras": b"new", "variables/x": b"1"}
        for name, content in files.items():
            made.models.put(keys.model_file("local", "r_1", "v", name), content)
        record = ModelRecord(owner="local", name="r_1", version="v", files=tuple(files))
        made.models.put(keys.model("local", "r_1"), wire.dump(record))
        yield made


def test_an_earlier_model_is_replaced_as_a_whole(services, tmp_path):
    out = tmp_path / "model"
    out.mkdir()
    (out / "contract.json").write_text("{}")
    (out / "of_the_old_one.pb").write_text("old")

    bundle.save(RUN, services, out)

    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {
        "contract.json", "model.keras", "variables/x"
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_folders_on_the_way_are_made(services, tmp_path):
    bundle.save(RUN, services, tmp_path / "a" / "b" / "model")

    assert (tmp_path / "a" / "b" / "model" / "model.keras").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["thesis.tex"], "is no model"),
        (["params.json", "files.txt", "model.py"], "is no model"),
        (["params.json", "files.txt", "contract.json"], "is no model"),
        (None, "is a file"),
    ],
)
def test_what_is_no_model_is_never_touched(tmp_path, files, said):
    out = tmp_path / "out"
    if files is None:
        out.write_text("precious")
    else:
        out.mkdir()
        for name in files:
            (out / name).write_text("precious")

    with pytest.raises(ConflictError, match=said):
        bundle.check(out)


def test_a_place_where_nobody_can_write_is_refused_before():
    with pytest.raises(ConflictError, match="no model can be written"):
        bundle.check(Path("/proc/mlaas4hep/model"))


def test_a_full_disk_leaves_nothing_half_and_the_earlier_model_as_it_was(services, tmp_path):
    with small_disk(tmp_path / "disk", 1) as disk:
        bundle.save(RUN, services, disk / "model")
        before = contents(disk)
        services.models.put(keys.model_file("local", "r_1", "v", "model.keras"), bytes(2 << 20))

        with pytest.raises(OSError, match="No space left"):
            bundle.save(RUN, services, disk / "model")

        assert contents(disk) == before


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
