"""How many bytes are read for a few of many branches."""

import tempfile
from pathlib import Path

from bench.steps.bodies import Body, Measured
from bench.steps.inputs import SELECTED, Inputs
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.adapters.stores.directory import DirectoryStore
from mlaas4hep.core import wire


def nano_bytes(inputs: Inputs, folder: Path, **_: object) -> Body:
    """Read 20 of 1000 branches, and count the bytes."""
    (path, *_others) = inputs.paths(folder)
    source = DataFiles(DirectoryStore(Path(tempfile.mkdtemp()), "none"))
    info = source.describe(str(path), "events")
    survey = source.survey(str(path), "events", SELECTED)
    baskets = wire.load(RootLayout, survey.layout.encode()).baskets
    wanted = sum(sum(each.stops) - sum(each.starts) for each in baskets)

    def body() -> Measured:
        before = _bytes_read()
        for _ in source.read(survey, SELECTED, 0, info.entries):
            pass
        taken = _bytes_read() - before
        return Measured(
            info.entries,
            {
                "read / theirs": round(taken / wanted, 3),
                "read": taken,
                "theirs": wanted,
                "file": info.size_bytes,
            },
        )

    return body


def _bytes_read() -> int:
    text = Path("/proc/self/io").read_text()
    return int(text.split("rchar: ")[1].split()[0])
