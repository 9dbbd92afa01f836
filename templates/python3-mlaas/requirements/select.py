"""Prints what pyproject.toml requires, with the extras that are named: `select.py FILE [a,b]`."""

import sys
import tomllib
from pathlib import Path


def requirements(project: dict, extras: set[str]) -> list[str]:
    """Return the pinned requirements of the project and of `extras`, those of extras' extras too."""
    unknown = extras - project["optional-dependencies"].keys()
    if unknown:
        sys.exit(f"pyproject.toml has no extras {sorted(unknown)}")
    wanted = list(project["dependencies"])
    for extra in sorted(extras):
        for line in project["optional-dependencies"][extra]:
            own = line.removeprefix(f"{project['name']}[")
            nested = set(own.rstrip("]").split(",")) if own != line else set()
            wanted += requirements(project, nested) if nested else [line]
    return wanted


if __name__ == "__main__":
    project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
    extras = {name.strip() for text in sys.argv[2:] for name in text.split(",") if name.strip()}
    sys.stdout.write("\n".join(requirements(project, extras)) + "\n")
