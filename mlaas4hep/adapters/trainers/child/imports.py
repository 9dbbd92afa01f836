"""Importing TensorFlow in half the time, and without its greetings in the person's log."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Keras and TensorFlow import these for features that we do not use, which takes two seconds
_NOT_YET = ("sklearn", "matplotlib", "scipy", "PIL", "pandas", "IPython")


@contextmanager
def quick_and_quiet(scratch: Path) -> Iterator[None]:
    """Hide optional libraries while the context lasts, and what is printed unless it fails."""
    hidden = [name for name in _NOT_YET if name not in sys.modules]
    for name in hidden:  # Python reads None as "cannot be imported"
        sys.modules[name] = None  # type: ignore[assignment]
    out = os.dup(2)
    with scratch.open("w+b") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            file.seek(0)
            os.write(out, file.read())
            raise
        finally:
            os.dup2(out, 2)
            os.close(out)
            for name in hidden:
                del sys.modules[name]
    scratch.unlink()
