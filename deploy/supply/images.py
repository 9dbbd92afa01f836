"""What goes into each image, from stack.yml and the locks."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "templates/python3-mlaas/requirements"
LOCKS = RECIPE / "locked"
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")  #: as faas-cli takes it from its environment


def extras(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the extras of each function's image, `function` first, by the image's name."""
    text = (ROOT / "stack.yml").read_text(encoding="utf-8")
    text = VARIABLE.sub(lambda found: environment.get(found[1]) or found[2] or "", text)
    return {
        f"mlaas4hep-{name}": f"function,{function['build_args']['EXTRAS']}"
        for name, function in yaml.safe_load(text)["functions"].items()
    }


def requirements(extras: str) -> str:
    """Return what pip installs for extras, as the recipe of images selects it.

    Raises:
        SystemExit: one of them has no lock.
    """
    command = [sys.executable, str(RECIPE / "select.py"), str(LOCKS), extras]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return done.stdout
