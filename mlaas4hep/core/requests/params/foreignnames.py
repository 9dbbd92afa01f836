"""What people know from `fit` and from other programs, and where it is said here."""

from collections.abc import Mapping

_SPLIT = "the share of the training entries that validates is called split"
_IN_MODEL = (
    'model.py says it; `model(idim, width=32)` takes numbers from "arguments": {"width": 64}'
)
_EPOCHS = "an epoch goes over all entries that train, and all that validate are looked at after it"

KEYS: Mapping[str, str] = {
    "validation_split": _SPLIT,
    "test_size": _SPLIT,
    "val_split": _SPLIT,
    "validation_data": "split is the share that validates, validation an expression that says who does",
    "validation_freq": _EPOCHS,
    "validation_steps": _EPOCHS,
    "validation_batch_size": _EPOCHS,
    "steps_per_epoch": _EPOCHS,
    "initial_epoch": "a training that was interrupted goes on by itself; epochs counts from the start",
    "nb_epoch": "it is called epochs",
    "sample_weight": "weight is a branch or an expression that says what an entry counts",
    "random_state": "every random choice comes from seed",
    "early_stopping": 'it is a callback: "callbacks": {"EarlyStopping": {"patience": 3}}',
    **dict.fromkeys(
        ("optimizer", "loss", "lr", "learning_rate", "dropout", "activation", "layers"), _IN_MODEL
    ),
}
