"""What params.json says about the way from columns to a fitted model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """Keys that not every framework needs; the default is one matrix, and labels.txt."""

    inputs: tuple[tuple[str, tuple[str, ...]], ...] = ()  #: (input of the model, patterns)
    learns_inputs: bool = False  #: an autoencoder: the model is to give what it gets
    labels: tuple[
        tuple[str, tuple[str, ...]], ...
    ] = ()  #: (output of the model or "", expressions)
    loss_columns: tuple[str, ...] = ()  #: expressions that only the loss sees
    callbacks: tuple[tuple[str, str], ...] = ()  #: (class of the framework, arguments as JSON)

    @property
    def used(self) -> tuple[str, ...]:
        """Return the keys of params.json that say something."""
        said = {
            "inputs": self.inputs,
            "labels": self.learns_inputs,
            "callbacks": self.callbacks,
            "loss_columns": self.loss_columns,
        }
        return tuple(key for key, value in said.items() if value)
