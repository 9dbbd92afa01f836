"""Objects of somebody's model.py as bytes that hold their classes, too.

They are read by confined processes only: a pickle is a program.
"""

import sys
from pathlib import Path
from typing import Any

import cloudpickle


def pickled(made: Any) -> bytes:
    """Return the pickle of an object, with all that model.py and the files beside it define."""
    own = [module for module in [*sys.modules.values()] if _is_of_the_person(module)]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(made))
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


def _is_of_the_person(module: Any) -> bool:
    """Tell whether a module is model.py, or lies beside it."""
    model = sys.modules.get("model")
    here = getattr(model, "__file__", None)
    file = getattr(module, "__file__", None)
    if not here or not file:
        return False
    return module is model or Path(here).parent in Path(file).parents
