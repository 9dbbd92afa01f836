"""Optimizers of Keras 3 and of Keras 2, asked in one way."""

from typing import Any

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError


def build_optimizer(model: Any) -> None:
    """Let the optimizer make its variables now, so that a checkpoint can set them.

    Raises:
        TrainingError: it is one of TensorFlow 1, which cannot.
    """
    optimizer, variables = model.optimizer, model.trainable_variables
    if hasattr(optimizer, "build"):
        optimizer.build(variables)
        return
    try:  # one of Keras 2's old ones
        optimizer._create_all_weights(variables)  # noqa: SLF001 - there is no other way
    except NotImplementedError as error:
        raise TrainingError(
            f"{MODEL_FILE}: optimizers of tf.compat.v1.train keep no state that can be resumed",
            "write one of Keras, such as keras.optimizers.Adam(0.01)",
        ) from error


def optimizer_variables(optimizer: Any) -> list[Any]:
    """Return the optimizer's variables, in an order that stays; those of TensorFlow 1 show none."""
    variables = getattr(optimizer, "variables", ())
    return list(variables() if callable(variables) else variables)


def finalize(model: Any) -> None:
    """Do what `fit` does with the optimizer at its end, such as putting averaged weights in."""
    if hasattr(model.optimizer, "finalize_variable_values"):
        model.optimizer.finalize_variable_values(model.trainable_variables)
