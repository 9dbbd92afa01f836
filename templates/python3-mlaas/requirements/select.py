"""Print what pip installs for some extras, each file with its hash: `select.py FOLDER [a,b]`."""

import re
import sys
from pathlib import Path


def locked(folder: Path, extras: set[str]) -> list[str]:
    """Return the locked requirements of the package and of `extras`, each once."""
    unknown = sorted(name for name in extras if not (folder / f"{name}.txt").is_file())
    if unknown:
        sys.exit(f"{folder} has no lock of the extras {unknown}: `make locks` makes them")
    found = {
        requirement
        for name in {"client", *extras}
        for requirement in requirements((folder / f"{name}.txt").read_text(encoding="utf-8"))
    }
    return sorted(found)


def requirements(text: str) -> list[str]:
    """Return the requirements of a lock, each with the lines of its hashes."""
    blocks = re.split(r"\n(?=\S)", text.strip())
    return [f"{block}\n" for block in blocks if not block.startswith("#")]


if __name__ == "__main__":
    extras = {name.strip() for text in sys.argv[2:] for name in text.split(",") if name.strip()}
    sys.stdout.write("".join(locked(Path(sys.argv[1]), extras)))
