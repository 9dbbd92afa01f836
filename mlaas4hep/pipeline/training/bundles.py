"""A trained model with everything to serve it, on its way into bucket models."""

import io
import json
from dataclasses import replace
from typing import Any, BinaryIO

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.bundle.folding import Folding
from mlaas4hep.core.models.bundle.gap import gaps_of
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.training import TrainingFinished
from mlaas4hep.errors import ConflictError, NotFoundError
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.pipeline.training.trainingplan import TrainingPlan
from mlaas4hep.ports import Services

CODE_VERSION = 1  #: grows when the same request would give another bundle
_LARGEST_FILE, LARGEST = 4 * 1024**3, 16 * 1024**3  #: bytes of a file, and of all
_LABELS = "labels.txt"


class Bundle:
    """Files are stored as they come; the record that makes them the served model is last."""

    def __init__(self, plan: TrainingPlan, services: Services, most_bytes: int = LARGEST) -> None:
        """Take at most `most_bytes`; files with holes take no place where they are made."""
        self._plan = plan
        self._services = services
        self._request = plan.inputs.request
        self._checksums: dict[str, str] = {}  #: of the files that are stored
        self._room_bytes = most_bytes
        self.isolation: tuple[str, ...] = ()
        self.version = keys.digest(
            "bundle",
            CODE_VERSION,
            self._request.model_sha256,
            wire.dump(self._request.params).decode(),
            plan.specs_key,
        )[:16]

    def add(self, path: str, file: BinaryIO) -> None:
        """Store a file of the bundle; TooLargeError if it, or all together, are."""
        self._checksums[path] = sealed.checksum(file)
        file.seek(0)
        most = min(_LARGEST_FILE, self._room_bytes)
        self._room_bytes -= self._services.models.put_stream(self._key(path), file, most)

    def check_name(self) -> None:
        """Refuse to replace a model that is not of this run.

        Raises:
            ConflictError: somebody else's model has the name.
        """
        try:
            record = modelrecords.read(self._record_key, self._services.models)
        except NotFoundError:
            return
        if record.run_id != self._plan.run_id:
            raise ConflictError(
                f"there is a model {record.name!r} that this run did not make",
                stage="train",
                hint="submit again: the run gets a name of its own",
            )

    def publish(self, finished: TrainingFinished) -> str:
        """Store the descriptions, then serve this version; return its name."""
        self.check_name()
        record = self._record(finished)
        self._put("contract.json", wire.dump(self._contract(finished)))
        self._put("params.json", json.dumps(tfaas_params(record), indent=1).encode())
        if self._request.labels.classes:
            self._put(_LABELS, "\n".join(self._request.labels.classes).encode())
        checksums = tuple(sorted(self._checksums.items()))
        record = replace(record, files=tuple(dict(checksums)), checksums=checksums)
        modelrecords.write(record, self._services.models)
        return self.version

    def _record(self, finished: TrainingFinished) -> ModelRecord:
        count = len(self._request.files)
        files = "1 file" if count == 1 else f"{count} files"
        return ModelRecord(
            owner=self._request.owner,
            name=self._request.run,
            version=self.version,
            run_id=self._plan.run_id,
            files=(),
            description=self._request.title or f"trained by MLaaS4HEP on {files}",
            labels=_LABELS if self._request.labels.classes else "",
            input_node=finished.input_node,
            output_node=finished.output_node,
            folds=self._request.params.splitting.folds,
            framework=self._request.framework,
            task=finished.task,
            metrics=finished.metrics,
            not_made=finished.not_made,
        )

    def _contract(self, finished: TrainingFinished) -> Contract:
        opened = self._plan.inputs.opened
        return Contract(
            model=self._request.run,
            version=self.version,
            columns=self._plan.layout.columns,
            specs=self._plan.specs,
            identifiers=opened.branches.identifiers,
            preproc=self._request.preproc,
            classes=self._request.labels.classes,
            task=finished.task,
            positive=self._request.labels.positive if finished.task == "binary" else "",
            inputs=tuple((file.name, file.identity) for file in opened.files),
            outputs=finished.outputs,
            goals=finished.goals,
            missing=finished.missing,
            folding=self._folding(),
            gaps=gaps_of(opened.files),
            specs_digest=opened.specs_content(self._request),
            code=self._request.model_sha256,
            conversions=finished.conversions,
            not_made=finished.not_made,
            versions=finished.versions,
            metrics=finished.metrics,
            isolation=self.isolation,
        )

    def _folding(self) -> Folding | None:
        branches = self._plan.inputs.opened.branches
        folds = self._request.params.splitting.folds
        return Folding(folds=folds, by=branches.part_by, reads=branches.part) if folds else None

    @property
    def _record_key(self) -> str:
        return keys.model(self._request.owner, self._request.run)

    def _put(self, path: str, data: bytes) -> None:
        self.add(path, io.BytesIO(data))

    def _key(self, path: str) -> str:
        return keys.model_file(self._request.owner, self._request.run, self.version, path)


def tfaas_params(record: ModelRecord) -> dict[str, Any]:
    """Return the params.json that TFaaS reads, in both spellings of its node names."""
    return {
        "name": record.name,
        "model": "saved_model.pb",
        "labels": record.labels,
        "options": list(record.options),
        "inputNode": record.input_node,
        "outputNode": record.output_node,
        "input_node": record.input_node,
        "output_node": record.output_node,
        "description": record.description,
    }
