"""model.py as a run stored it, with what lies beside it."""

import hashlib

from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.pipeline.records import lost_request
from mlaas4hep.ports import Services


def load_model_py(request: Request, services: Services) -> tuple[bytes, bytes]:
    """Return model.py and the zip of what lies beside it, which is empty if there is nothing.

    Raises:
        DamagedError: they are not what was submitted.
    """
    try:
        model_py = services.runs_files.get(files.key(request.owner, request.run, files.MODEL))
    except NotFoundError as error:
        raise lost_request(request.run, error) from error
    beside = _beside(request, services)
    if hashlib.sha256(model_py + beside).hexdigest() != request.model_sha256:
        damage = DamagedError("model.py, or what lies beside it, has other bytes than were stored")
        raise lost_request(request.run, damage)
    return model_py, beside


def _beside(request: Request, services: Services) -> bytes:
    key = files.key(request.owner, request.run, files.BESIDE)
    try:
        return services.runs_files.get(key)
    except NotFoundError:
        return b""
