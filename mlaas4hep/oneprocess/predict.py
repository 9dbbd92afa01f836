"""Predictions from a bundle in a folder, by the very app of the predict function."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2

from mlaas4hep.core import wire
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.bundle.kinds import served_file
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.transform import Transform
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.app import app
from mlaas4hep.oneprocess import run as oneprocess
from mlaas4hep.oneprocess.folder import OWNER
from mlaas4hep.ports import Services
from mlaas4hep.serving.loadedmodel import CONTRACT
from mlaas4hep.usecases import modelstore

NAME = "model"
_NO_LIMIT = 2**62
_LIMITS = Limits(
    max_upload_bytes=_NO_LIMIT,
    max_unpacked_bytes=_NO_LIMIT,
    max_models=_NO_LIMIT,
    max_runs=_NO_LIMIT,
    max_bytes=_NO_LIMIT,
)


class _Myself:
    """Lets in the person at this machine."""

    def person(self, authorization: str | None) -> Person:  # noqa: ARG002 - needs none
        return Person(owner=OWNER, subject=OWNER)


def predict(bundle: Path, asked: dict[str, Any]) -> Any:
    """Return what the predict function would answer to `asked` with this model.

    Raises:
        InvalidRequestError: the folder is no model, or the request does not fit it.
    """
    if served_file(str(path.relative_to(bundle)) for path in bundle.rglob("*")) is None:
        raise InvalidRequestError(
            f"there is no model in {str(bundle)!r}",
            hint="the folder that `mlaas4hep run` or `mlaas4hep train` wrote",
        )
    with oneprocess.services() as services:
        record = ModelRecord(owner=OWNER, name=NAME, version="", files=())
        modelstore.upload(bundle, record, services, _LIMITS)
        return asyncio.run(_ask(services, {**asked, "model": NAME}))


def branches(bundle: Path) -> dict[str, list[str]]:
    """Return what the model in a folder reads of an entry, by kind; {} if nobody knows."""
    contract = bundle / CONTRACT
    if not contract.is_file():
        return {}
    return Transform.of(wire.load(Contract, contract.read_bytes())).schema.by_kind()


async def _ask(services: Services, asked: dict[str, Any]) -> Any:
    served = app(services, _LIMITS, _Myself())
    transport = httpx2.ASGITransport(app=served)
    async with httpx2.AsyncClient(transport=transport, base_url="http://predict") as client:
        body = json.dumps(asked)  # NaN is a number for people, and predict takes it
        response = await client.post("/json", content=body, timeout=None)
    served.context.batcher.close()
    answer = response.json()
    if response.is_error:
        error = answer["error"]
        raise InvalidRequestError(error if isinstance(error, str) else error["message"])
    return answer
