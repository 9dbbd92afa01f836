"""The frameworks that model.py may use: one row each, found by what model.py imports.

The code of a framework is `adapters/trainers/NAME/framework.py`; nothing else lists them.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkInfo:
    """How a framework is recognised, installed and imported."""

    name: str  #: as in params.json, and the folder of its code
    title: str  #: as its authors write it
    packages: tuple[str, ...]  #: imports in model.py that point to it
    needs: str  #: the package without which it cannot train
    extra: str  #: of pyproject.toml, which installs it
    hides: tuple[str, ...] = ()  #: packages that it imports only for what we do not use


FRAMEWORKS = (
    FrameworkInfo(
        name="keras",
        title="Keras",
        packages=("keras", "tensorflow", "tf_keras"),
        needs="tensorflow",
        extra="train",
        hides=("sklearn", "matplotlib", "scipy", "PIL", "pandas", "IPython"),
    ),
)
USUAL = "keras"  #: of a model.py that imports no framework itself
NAMES = tuple(each.name for each in FRAMEWORKS)


def imported_by(packages: Collection[str]) -> tuple[str, ...]:
    """Return the frameworks that a file which imports `packages` may use, likeliest first."""
    found = tuple(each.name for each in FRAMEWORKS if not set(packages).isdisjoint(each.packages))
    return found or (USUAL,)


def info(name: str) -> FrameworkInfo:
    """Return the row of a framework; `name` is one of `NAMES`."""
    return next(each for each in FRAMEWORKS if each.name == name)
