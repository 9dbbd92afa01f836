"""What the first calls of predict need: loaded when it listens already, and nobody waits for it.

Tokens take PyJWT and cryptography, records pydantic, a model its runtime and its transform: half of
what a start would take. A call that comes meanwhile waits for what it needs itself, no longer than
if it were loaded before.
"""

import gc
import threading
from collections.abc import Callable
from importlib import import_module

from mlaas4hep.core.collector import no_collection

_OF_PREDICT = (
    "mlaas4hep.adapters.identity.jose",
    "mlaas4hep.adapters.identity.web",
    "pydantic",
    "mlaas4hep.core.models.transform",
    "mlaas4hep.adapters.runtimes.confined.runtime",
    "mlaas4hep.adapters.runtimes.litert.runtime",
)


def begin_loading(then: Callable[[], None]) -> None:
    """Load it in a thread that ends with the process, and go on with `then`."""

    def work() -> None:
        load()
        then()

    threading.Thread(target=work, name="loading", daemon=True).start()


def load() -> None:
    """Load it now."""
    with no_collection():
        for name in _OF_PREDICT:
            import_module(name)
    gc.freeze()  # as `faas.function.freeze_modules` does with what a start loads
