"""Frameworks by name: imported when a training needs them, looked for when somebody asks."""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from mlaas4hep.adapters.trainers.framework import Framework
from mlaas4hep.core.requests.frameworks import FRAMEWORKS


def installed() -> tuple[str, ...]:
    """Return the names of the frameworks that are here; imports none of them."""
    return tuple(each.name for each in FRAMEWORKS if find_spec(each.needs) is not None)


def load(name: str) -> Framework:
    """Import a framework, which may take seconds."""
    module = import_module(f"mlaas4hep.adapters.trainers.{name}.framework")
    return cast(Framework, module.FRAMEWORK)
