"""What can begin before a training is due."""

from contextlib import suppress

from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params, Resources
from mlaas4hep.errors import PermanentError
from mlaas4hep.ports import Services


def import_framework(params: Params, resources: Resources, model: str, services: Services) -> None:
    """Begin to import what model.py needs, while its data are read.

    Args:
        params: of the training.
        resources: the same.
        model: the text of model.py; empty: nothing is trained.
        services: with a trainer.
    """
    if not model:
        return
    job = TrainingJob(name="ahead", params=params, columns=1, chunks=1, resources=resources)
    with suppress(PermanentError):  # it is told when the training is due
        services.trainer.prepare(job, model.encode())
