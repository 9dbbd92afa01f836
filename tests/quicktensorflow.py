"""TensorFlow and Keras as trainings have them, imported in half the time; after that, anybody's import finds these."""

from mlaas4hep.adapters.children.imports import imported_for_good
from mlaas4hep.adapters.confinement.imports import without
from mlaas4hep.core.requests.frameworks import FRAMEWORKS

_HIDDEN = next(each.hides for each in FRAMEWORKS if each.name == "keras")

with imported_for_good(), without(_HIDDEN):
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]
