"""A PyTorch module as a `BlockModel`."""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mlaas4hep.adapters.native.torch import Scores, outputs_of, scores
from mlaas4hep.adapters.trainers import tabular
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Block, Export, Floats, RoundMetrics, State
from mlaas4hep.adapters.trainers.outputs import Outputs
from mlaas4hep.adapters.trainers.torch import bundle, extrastate, trial
from mlaas4hep.adapters.trainers.torch.batch import Batch
from mlaas4hep.adapters.trainers.torch.callbacks import Callbacks
from mlaas4hep.adapters.trainers.torch.checks import Head
from mlaas4hep.adapters.trainers.torch.metrics import BatchMetrics
from mlaas4hep.adapters.trainers.torch.oddities import oddities
from mlaas4hep.adapters.trainers.torch.replicas import Replicas, spread
from mlaas4hep.adapters.trainers.torch.steps import Steps
from mlaas4hep.adapters.trainers.torch.targets import target, usualloss
from mlaas4hep.adapters.trainers.torch.targets.joint import Learned, joint
from mlaas4hep.adapters.trainers.torch.unused import check_columns
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.sample.split import Index
from mlaas4hep.core.models.training import ModelSummary, TrainingJob

_TEST_ROWS = 4096  #: at a time where nothing is learned, if each counts by itself
_CHOOSING = {"MSELoss": (0.5,), "SoftMarginLoss": (-1.0, 1.0)}  #: labels; other losses: 0 and 1
_MOST_FIGURES = ("loss", "accuracy")  #: of a round, as long as labels are to choose the loss


class TorchModel:
    """See `framework.BlockModel`."""

    missing: Missing = "zero"

    def __init__(
        self,
        module: Any,
        job: TrainingJob,
        defined: Mapping[str, Any],
        form: Outputs,
        heads: Sequence[Head],
        *,
        devices: Sequence[str] = (),
    ) -> None:
        """Look for what is learned.

        Args:
            module: that learns.
            job: what the training is told.
            defined: by model.py.
            form: of what the module gives.
            heads: of it, one for each tensor.
            devices: that learn, of which the module lies on the first.
        """
        self.module = module
        self._job = job
        self._head = heads[0]
        self._never_finite = _not_finite(module)
        _check_batches(module, job)
        self._steps = Steps(module, defined)
        self._callbacks = Callbacks(module, self._steps.optimizer, job)
        self._tried = _stated(defined, form, heads, job)
        check_columns(self._tried[0].losses if self._tried else (), job.label_columns.beside)
        self._target: Learned | None = self._tried[0] if self._tried else None
        if self._target is None and (job.labels or job.params.task or self._head.width > 1):
            self._target = usualloss.usual(np.array(job.labels, np.float32), self._head, job)
        self._seen: set[float] | None = None  #: labels, if they choose the loss
        self._metrics = BatchMetrics()
        self._devices = tuple(devices)
        self._replicas = Replicas(module)
        self._warnings = (*self._steps.warnings, *oddities(module, job.columns))
        self.summary = self._summary(form)
        self._form = form
        if self._target and not defined.get("loss"):
            _say(f"model.py defines no `loss`: labels and outputs say {self._target.name}")

    @property
    def target(self) -> Learned:
        """Return what is learned; known once labels were checked."""
        assert self._target is not None  # noqa: S101 - chunks are checked before they are used
        return self._target

    def check_labels(self, labels: Floats) -> None:
        """Refuse what the loss cannot compare; the first labels choose it if model.py did not."""
        if self._target is None:
            self._target = usualloss.usual(labels, self._head, self._job)
            self._seen = set()
            self.summary = replace(self.summary, ranges=self._target.ranges)
            _say(f"model.py defines no `loss`: the first labels say {self._target.name}")
        self._target.check(labels)
        if self._seen is not None and self._target.task == "binary":
            self._seen.update(np.unique(labels).tolist())

    def dry_run(self) -> None:
        """Compare some entries with labels 0 and 1, so that mistakes in model.py show before it."""
        if self._tried:
            self._target = trial.chosen(self._tried, self.module, self._form, self._job)
        figures: Sequence[str] = _MOST_FIGURES
        if self._target is not None:
            self.summary = self._summary(self._form)
            figures = trial.figures(self._target, self._form, self._job)
        self._callbacks.check(figures)
        self._replicas = spread(
            self.module, self._devices, self._job.columns, self._job.params.batch_size
        )

    def learn(self, block: Block) -> None:
        """Learn from the block's rows, in batches in their order."""
        self.module.train()
        for rows in self._batches(block.order, self._job.params.batch_size):
            batch = self._batch(block, rows)
            given: list[Any] = []

            def loss(batch: Batch = batch, given: list[Any] = given) -> Any:
                given[:] = [self._replicas.outputs(batch.inputs)]
                return batch.loss(self.target, given[0])

            value = self._steps.step(loss, self._replicas.gather)
            self._metrics.add(self.target, given[0], batch.labels, value, batch.weights)

    def test(self, block: Block) -> None:
        """Compare predictions with labels."""
        self.module.eval()
        size = _TEST_ROWS if self.target.counts_each_entry else self._job.params.batch_size
        with torch.no_grad():
            for start in range(0, len(block.order), size):
                batch = self._batch(block, block.order[start : start + size])
                outputs = outputs_of(self.module, batch.inputs)
                value = batch.loss(self.target, outputs)
                self._metrics.add(self.target, outputs, batch.labels, value, batch.weights)

    def metrics(self) -> RoundMetrics:
        """Return loss and accuracy since the last call."""
        return self._metrics.taken()

    def end_round(self, number: int, metrics: RoundMetrics) -> bool:
        """Let the scheduler work, and go on unless a callback wants no more."""
        self._steps.end_round(metrics)
        return self._callbacks.end_round(number, metrics)

    def predict(self, block: Block) -> Floats:
        """Return scores: probabilities where the module gives logits."""
        return scores(self._scores(), block.x[block.order])

    def finish(self) -> int | None:
        """Take the best weights if that was asked for; look at them, and at the labels if they were not known before.

        Raises:
            TrainingError: a weight is not a number, or all labels are the same.
        """
        kept = self._callbacks.finish()
        if self._seen and len(self._seen) == 1:
            tabular.class_count(np.array([*self._seen]))
        for name in sorted(_not_finite(self.module) - self._never_finite):
            raise TrainingError(
                f"the weights of {name!r} became NaN or infinite",
                "a smaller learning rate may help; inputs lie between 0 and 1 already",
            )
        return kept

    def state(self) -> State:
        """Return weights, attributes, optimizer, scheduler and random states; all of plain kinds."""
        content = io.BytesIO()
        kept = {
            "module": self.module.state_dict(),
            "beside": extrastate.attributes(self.module),
            "of losses": extrastate.of_losses(self._target.losses if self._target else ()),
            "random": torch.get_rng_state(),
            "chance": extrastate.chance(),
            "loss": self._target.name if self._target else "",
            "callbacks": self._callbacks.state(),
            "devices": len(self._replicas),
            **self._steps.state(),
        }
        torch.save(kept, content)
        return {"torch": np.frombuffer(content.getvalue(), np.uint8)}

    def restore(self, state: State) -> None:
        """Take them."""
        try:
            kept = torch.load(io.BytesIO(state["torch"].tobytes()), weights_only=True)
        except (pickle.UnpicklingError, RuntimeError) as error:
            raise ValueError(str(error)) from error
        if _shapes(kept["module"]) != _shapes(self.module.state_dict()):
            raise ValueError("the weights are those of another model")
        remembered = kept["callbacks"]  # an earlier release wrote none: nothing is taken then
        self.module.load_state_dict(kept["module"])
        self._steps.restore(kept)
        self._replicas.compare(kept.get("devices", 1))
        self._callbacks.restore(remembered)
        torch.set_rng_state(kept["random"])
        if "chance" in kept:  # an earlier release wrote none of what is beside the weights
            extrastate.put_back(self.module, kept["beside"])
            extrastate.restore_chance(kept["chance"])
        if self._target is None and kept["loss"]:
            labels = _CHOOSING.get(kept["loss"], (0.0, 1.0))
            self._target = usualloss.usual(np.array(labels, np.float32), self._head, self._job)
        if self._target:
            extrastate.put_back_losses(self._target.losses, kept.get("of losses", ()))

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write model.pt, and model.onnx if it holds."""
        return bundle.write(folder, self._scores(), sample)

    def _scores(self) -> Scores:
        return Scores(self.module, *self.target.activations)

    def _batches(self, order: Any, size: int) -> Iterator[Any]:
        """Yield rows; one that is left alone goes with those before it, for batch normalisation."""
        rows = len(order)
        start = 0
        while start < rows:
            stop = rows if rows - start == size + 1 else min(start + size, rows)
            yield order[start:stop]
            start = stop

    def _summary(self, form: Outputs) -> ModelSummary:
        chosen = self._target
        return ModelSummary(
            parameters=sum(each.numel() for each in self.module.parameters()),
            layers=_layers(self.module),
            input_width=self._job.columns,
            output_shape=(sum(form.widths),),
            loss=chosen.name if chosen else "as labels say",
            task=chosen.task if chosen else "other",
            goals=chosen.goals if chosen else (),
            ranges=chosen.ranges if chosen else (),
            warnings=self._warnings,
        )

    def _batch(self, block: Block, rows: Index) -> Batch:
        return Batch.of(block, rows, self.module, self.target, self._job.label_columns)


def _layers(module: Any) -> tuple[str, ...]:
    found = [
        f"{name} ({type(each).__name__}): {sum(p.numel() for p in each.parameters())}"
        for name, each in module.named_modules()
        if name and not any(True for _ in each.children())
    ]
    return tuple(found) or (type(module).__name__,)


def _stated(
    defined: Mapping[str, Any], form: Outputs, heads: Sequence[Head], job: TrainingJob
) -> Sequence[Learned]:
    """Return what model.py says is to be learned, likeliest first; () if labels are to say it."""
    if job.label_columns.names:
        return joint(defined, form, heads, job)
    return target.stated(defined, _only(heads, form), job)


def _only(heads: Sequence[Head], form: Outputs) -> Head:
    if len(heads) != 1:
        raise TrainingError(
            f"{MODEL_FILE}: the module gives {len(heads)} tensors ({', '.join(form.names)}), and "
            "there is one label",
            "return one tensor of shape (entries, outputs) from forward",
        )
    return heads[0]


def _shapes(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of tensors; a module may keep something else, too."""
    return {name: getattr(values, "shape", None) for name, values in weights.items()}


def _not_finite(module: Any) -> set[str]:
    """Return the names of weights and buffers that hold NaN or infinity, as a mask may."""
    tensors = {n: v for n, v in module.state_dict().items() if isinstance(v, torch.Tensor)}
    return {name for name, values in tensors.items() if not torch.isfinite(values).all()}


def _check_batches(module: Any, job: TrainingJob) -> None:
    normalises = any("BatchNorm" in type(each).__name__ for each in module.modules())
    if normalises and job.params.batch_size == 1:
        raise TrainingError(
            f"{MODEL_FILE}: batch normalisation needs more than one entry in a batch",
            "a larger batch_size in params.json, or LayerNorm",
        )


def _say(line: str) -> None:
    print(f"mlaas4hep: {line}", flush=True)  # noqa: T201 - stdout is the run's log
