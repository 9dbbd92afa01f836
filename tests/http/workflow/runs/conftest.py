"""Files that runs are asked for with."""

import numpy as np
import pytest
import uproot

from tests.http.workflow.runs.networks import MODEL
from tests.people import FOLDER


@pytest.fixture
def files(tmp_path):
    """Return the files of a tarball with two ROOT files of 100 entries."""
    packed = {**FOLDER, "files.txt": "a.root\nb.root", "model.py": MODEL}
    packed["params.json"] = '{"branch": "events", "identifier": ["runNo"], "chunk_size": 60}'
    for name in ("a.root", "b.root"):
        with uproot.recreate(tmp_path / name) as file:
            file["events"] = {
                "runNo": np.arange(100, dtype=np.int32),
                "pt": np.arange(100, dtype=np.float32),
                "eta": np.arange(100, dtype=np.float64),
            }
        packed[name] = (tmp_path / name).read_bytes()
    packed["preproc.json"] = '{"flat_cut": {"pt": {"cut": "pt>=50", "remove": "False"}}}'
    return packed
