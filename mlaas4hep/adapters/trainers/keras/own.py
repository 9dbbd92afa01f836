"""What of a Keras model model.py wrote itself."""

from typing import Any


def is_own(model: Any, method: str) -> bool:
    """Tell whether model.py wrote this method of its model, and not Keras."""
    home = getattr(type(model), method).__module__
    return not home.startswith(("keras.", "tf_keras."))
