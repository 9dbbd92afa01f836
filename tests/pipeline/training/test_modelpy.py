"""model.py and what lies beside it are trained only as they were submitted."""

import hashlib
from types import SimpleNamespace

import pytest

from mlaas4hep.errors import DamagedError
from mlaas4hep.pipeline.training.modelpy import load_model_py

MODEL, BESIDE = b"def model(idim): ...", b"a zip"
REQUEST = SimpleNamespace(
    owner="o", run="r_1", model_sha256=hashlib.sha256(MODEL + BESIDE).hexdigest()
)


@pytest.fixture
def stored(services):
    services.runs_files.put("o/r_1/model.py", MODEL)
    services.runs_files.put("o/r_1/beside.zip", BESIDE)
    return services


def test_both_are_read_as_they_were_submitted(stored):
    assert load_model_py(REQUEST, stored) == (MODEL, BESIDE)


@pytest.mark.parametrize("file", ["model.py", "beside.zip"])
@pytest.mark.parametrize("content", [None, b"", b"def model(idim): ..,"])
def test_what_is_damaged_or_gone_is_refused(stored, file, content):
    if content is None:
        stored.runs_files.delete(f"o/r_1/{file}")
    else:
        stored.runs_files.put(f"o/r_1/{file}", content)

    with pytest.raises(DamagedError, match="submitted as run 'r_1' is lost") as refused:
        load_model_py(REQUEST, stored)

    assert "submit it again" in refused.value.problem.hint
