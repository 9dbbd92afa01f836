"""The jets example, its ROOT files on the storage element."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.testbed.place import REPOSITORY, Place
from tests.platform.outside import pack

EXAMPLES = REPOSITORY / "examples"
REMOTE = ("/store/jets/signal.root", "/store/jets/background.root")


def put_jets(place: Place, folder: Path) -> list[str]:
    """Make two ROOT files, put them on the storage element, and return their names there."""
    script = EXAMPLES / "jets/get_data.py"
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    store = place.folder("origin", "store", "jets")
    for file in folder.glob("*.root"):
        (store / file.name).write_bytes(file.read_bytes())
    return list(REMOTE)


def jets(names: list[str], **params: Any) -> bytes:
    """Return the example as a tarball, its files named as given."""
    there = (EXAMPLES / "jets").iterdir()  # also what somebody made by README's lines
    texts = [path for path in there if path.is_file() and path.suffix != ".root"]
    files = {path.name: path.read_text() for path in texts}
    files["files.txt"] = "\n".join(names) + "\n"
    files["params.json"] = json.dumps({**json.loads(files["params.json"]), **params})
    return pack(files)
