"""The frameworks that model.py may use: one row each, found by what model.py imports.

The code of a framework is `adapters/trainers/NAME/framework.py`; nothing else lists them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from mlaas4hep.errors import InvalidRequestError

SEVERAL_LABELS = "several labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkInfo:
    """How a framework is recognised, installed and imported."""

    name: str  #: as in params.json, and the folder of its code
    title: str  #: as its authors write it
    packages: tuple[str, ...]  #: imports in model.py that point to it
    needs: str  #: the package without which it cannot train
    extra: str  #: of pyproject.toml, which installs it
    takes: tuple[str, ...] = ()  #: keys of params.json that not all take, and `SEVERAL_LABELS`
    hides: tuple[str, ...] = ()  #: packages that it imports only for what we do not use


FRAMEWORKS = (
    FrameworkInfo(
        name="keras",
        title="Keras",
        packages=("keras", "tensorflow", "tf_keras"),
        needs="tensorflow",
        extra="train",
        takes=("inputs", "labels", "callbacks", "loss_columns", SEVERAL_LABELS),
        hides=("sklearn", "matplotlib", "scipy", "PIL", "pandas", "IPython"),
    ),
    FrameworkInfo(
        name="torch",
        title="PyTorch",
        packages=("torch", "lightning", "pytorch_lightning"),
        needs="torch",
        extra="torch",
        takes=("callbacks", "loss_columns", SEVERAL_LABELS),
    ),
    FrameworkInfo(
        name="xgboost",
        title="XGBoost",
        packages=("xgboost",),
        needs="xgboost",
        extra="trees",
        takes=(SEVERAL_LABELS,),
    ),
    FrameworkInfo(
        name="lightgbm",
        title="LightGBM",
        packages=("lightgbm",),
        needs="lightgbm",
        extra="trees",
    ),
    FrameworkInfo(
        name="sklearn",
        title="scikit-learn",
        packages=("sklearn",),
        needs="sklearn",
        extra="sklearn",
        takes=(SEVERAL_LABELS,),
    ),
)
USUAL = "keras"  #: of a model.py that imports no framework itself
NAMES = tuple(each.name for each in FRAMEWORKS)


def meant(name: str) -> str:
    """Return the hint about a name that is none of a framework; people write those of packages."""
    called = {
        alias: each.name for each in FRAMEWORKS for alias in (each.title.lower(), *each.packages)
    }
    close = get_close_matches(name.lower(), called, n=1, cutoff=0.6)
    return (
        f"did you mean {called[close[0]]!r}?" if close else "without it, imports of model.py say it"
    )


def choose(packages: Collection[str], stated: str, installed: Collection[str]) -> tuple[str, ...]:
    """Return the frameworks that a model.py may use, likeliest first.

    Args:
        packages: that model.py imports.
        stated: `framework` of params.json, which settles it; may be empty.
        installed: names of the frameworks that can train.

    Raises:
        InvalidRequestError: one is not installed; lists those that are.
    """
    found = tuple(each.name for each in FRAMEWORKS if not set(packages).isdisjoint(each.packages))
    chosen = (stated,) if stated else found or (USUAL,)
    for name in chosen:
        if name not in installed:
            have = ", ".join(info(each).title for each in installed) or "none"
            why = "params.json asks for it" if stated else "model.py imports it"
            raise InvalidRequestError(
                f"{info(name).title} is not installed in this deployment, and {why}",
                stage="submit",
                file="params.json" if stated else "model.py",
                hint=f"installed: {have}; the extra `{info(name).extra}` of mlaas4hep has it",
            )
    return chosen


def info(name: str) -> FrameworkInfo:
    """Return the row of a framework; `name` is one of `NAMES`."""
    return next(each for each in FRAMEWORKS if each.name == name)
