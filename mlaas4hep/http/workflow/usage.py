"""What people keep here: tarballs, models, specs and chunks, and how much room is left."""

import secrets

import flask

from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.upload import Upload
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.views import (
    Deleted,
    DirectUpload,
    Model,
    StoredSpecs,
    Tarball,
    TarballFile,
    Usage,
)
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.http.workflow import receiving
from mlaas4hep.http.workflow.bundles import pack
from mlaas4hep.http.workflow.call import Ask, Door, Route, answer, attachment
from mlaas4hep.usecases import models, quotas, runs, staging, uploads


def list_tarballs(door: Door, ask: Ask) -> flask.Response:
    """Return all uploads of the person."""
    return answer([_tarball(upload) for upload in uploads.every(ask.person.owner, door.services)])


def put_tarball(door: Door, ask: Ask) -> flask.Response:
    """Take a tarball as the body or as form field `file`."""
    return answer(_tarball(receiving.receive(door, ask, ask.arg("name"))), 201)


def offer_upload(door: Door, ask: Ask) -> flask.Response:
    """Return a form with which a large tarball goes straight into the object store."""
    upload_id = secrets.token_hex(16)
    form = staging.offer_form(
        ask.person.owner, ask.arg("name"), upload_id, door.services, door.limits
    )
    expires_at = clock_time(door.services.clock() + staging.FORM_S)
    return answer(
        DirectUpload(upload_id=upload_id, url=form.url, fields=form.fields, expires_at=expires_at)
    )


def take_upload(door: Door, ask: Ask) -> flask.Response:
    """Unpack a tarball that was sent with a form."""
    upload = staging.receive_staged(
        ask.person.owner, ask.arg("name"), ask.arg("upload_id"), door.services, door.limits
    )
    return answer(_tarball(upload), 201)


def show_tarball(door: Door, ask: Ask) -> flask.Response:
    """Return one upload."""
    return answer(_tarball(uploads.load(ask.person.owner, ask.arg("name"), door.services)))


def delete_tarball(door: Door, ask: Ask) -> flask.Response:
    """Delete an upload and its runs."""
    folder = ask.arg("name")
    uploads.load(ask.person.owner, folder, door.services)
    runs.delete_folder(ask.person.owner, folder, door.services)
    return answer(Deleted(deleted=folder))


def list_models(door: Door, ask: Ask) -> flask.Response:
    """Return the models that the person may use, their own first."""
    found = models.visible(ask.person, door.services)
    return answer([_model(record, ask) for record in found])


def show_model(door: Door, ask: Ask) -> flask.Response:
    """Return one model."""
    return answer(_model(_find_model(door, ask), ask))


def bundle(door: Door, ask: Ask) -> flask.Response:
    """Return the bundle of a model as a tarball."""
    record = _find_model(door, ask)
    packed = pack(record, door.services.models)
    return attachment(packed, f"{record.name}.tar.gz", "application/gzip")


def share_model(door: Door, ask: Ask) -> flask.Response:
    """Say who else may use a model."""
    record = _own_model(door, ask)
    wanted = ask.json()
    unknown = sorted(wanted.keys() - {"public", "groups", "action", "name"})
    public, groups = wanted.get("public", False), wanted.get("groups", [])
    if unknown or not isinstance(public, bool) or not _are_texts(groups):
        raise InvalidRequestError(
            "the body does not say how to share",
            hint='it looks like {"public": false, "groups": ["physics"]}',
        )
    return answer(_model(models.share(record, public, tuple(groups), door.services), ask))


def delete_model(door: Door, ask: Ask) -> flask.Response:
    """Delete a model; from now on it is not served any more."""
    record = _own_model(door, ask)
    models.delete(record, door.services)
    return answer(Deleted(deleted=record.name))


def list_specs(door: Door, ask: Ask) -> flask.Response:
    """Return the stored specs with their sizes."""
    infos = door.services.specs.list(keys.specs(ask.person.owner, "").removesuffix(".json"))
    return answer(
        [
            StoredSpecs(
                id=info.key.rsplit("/", 1)[-1].removesuffix(".json"),
                size_bytes=info.size_bytes,
                made_at=clock_time(info.modified_at),
            )
            for info in infos
        ]
    )


def delete_cache(door: Door, ask: Ask) -> flask.Response:
    """Delete all specs and chunks of the person; the next run reads its files again."""
    return answer(Deleted(deleted=runs.delete_cache(ask.person.owner, door.services)))


def show_usage(door: Door, ask: Ask) -> flask.Response:
    """Return who the person is, what they use, and what they may use."""
    person = ask.person
    unfinished = [run for run in door.services.runs.list(person.owner) if not run.is_final]
    return answer(
        Usage(
            owner=person.owner,
            name=person.name or person.subject,
            groups=person.groups,
            is_admin=person.is_admin,
            bytes=quotas.used_bytes(person.owner, door.services),
            max_bytes=door.limits.max_bytes,
            unfinished_runs=len(unfinished),
            max_runs=door.limits.max_runs,
            max_models=door.limits.max_models,
            max_upload_bytes=door.limits.max_upload_bytes,
        )
    )


def _tarball(upload: Upload) -> Tarball:
    return Tarball(
        name=upload.folder,
        sha256=upload.sha256,
        filename=upload.filename,
        size_bytes=upload.size_bytes,
        unpacked_bytes=upload.unpacked_bytes,
        uploaded_at=clock_time(upload.uploaded_at),
        files=tuple(
            TarballFile(path=member.path, size_bytes=member.size_bytes) for member in upload.members
        ),
    )


def _model(record: ModelRecord, ask: Ask) -> Model:
    return Model(
        name=record.name,
        owner=record.owner,
        mine=record.owner == ask.person.owner,
        version=record.version,
        description=record.description,
        public=record.public,
        groups=record.groups,
        files=record.files,
    )


def _find_model(door: Door, ask: Ask) -> ModelRecord:
    name = ask.arg("name", "process_name", "model")
    return models.find(ask.person, name, door.services, ask.args.get("owner", ""))


def _own_model(door: Door, ask: Ask) -> ModelRecord:
    record = _find_model(door, ask)
    if record.owner != ask.person.owner:
        raise ForbiddenError(f"model {record.name!r} belongs to somebody else")
    return record


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


ROUTES = (
    Route(action="list_tarballs", method="GET", path="/tarballs", handler=list_tarballs),
    Route(action="show_tarball", method="GET", path="/tarballs/<name>", handler=show_tarball),
    Route(action="put_tarball", method="PUT", path="/tarballs/<name>", handler=put_tarball),
    Route(
        action="offer_upload", method="POST", path="/tarballs/<name>/direct", handler=offer_upload
    ),
    Route(
        action="take_upload",
        method="POST",
        path="/tarballs/<name>/direct/<upload_id>",
        handler=take_upload,
    ),
    Route(
        action="delete_tarball", method="DELETE", path="/tarballs/<name>", handler=delete_tarball
    ),
    Route(action="list_models", method="GET", path="/models", handler=list_models),
    Route(action="show_model", method="GET", path="/models/<name>", handler=show_model),
    Route(action="fetch_model", method="GET", path="/models/<name>/bundle", handler=bundle),
    Route(action="share_model", method="PUT", path="/models/<name>/sharing", handler=share_model),
    Route(action="delete_model", method="DELETE", path="/models/<name>", handler=delete_model),
    Route(action="list_specs", method="GET", path="/specs", handler=list_specs),
    Route(action="delete_cache", method="DELETE", path="/specs", handler=delete_cache),
    Route(action="show_usage", method="GET", path="/me", handler=show_usage),
)
