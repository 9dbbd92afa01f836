"""Large tarballs that go straight into the store and are unpacked afterwards."""

from mlaas4hep.core import keys
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.errors import ConflictError
from mlaas4hep.ports import Services, UploadForm
from mlaas4hep.usecases import quotas, uploads

FORM_S = 3600  #: how long a form is good


def offer_form(
    owner: str, folder: str, upload_id: str, services: Services, limits: Limits
) -> UploadForm:
    """Return a form with which a tarball goes straight into the store; `receive_staged` follows.

    Raises:
        ConflictError: this deployment takes uploads only through the function.
        QuotaError: the owner has no room left.
    """
    uploads.check_folder(folder)
    quotas.claim_bytes(owner, 1, services, limits)
    key = keys.staged(owner, folder, keys.checked_name(upload_id, "upload_id"))
    form = services.direct_uploads.form(key, limits.max_upload_bytes, FORM_S)
    if form is None:
        raise ConflictError(
            "this deployment has no direct uploads", hint=f"PUT /tarballs/{folder} takes the bytes"
        )
    return form


def receive_staged(
    owner: str, folder: str, upload_id: str, services: Services, limits: Limits
) -> Upload:
    """Unpack a tarball that was uploaded directly, and make it the content of `folder`.

    One that is refused goes with the next upload of the folder, when it is an hour old.

    Raises:
        NotFoundError: nothing was uploaded.
        InvalidRequestError: it is not acceptable.
    """
    uploads.check_folder(folder)
    key = keys.staged(owner, folder, keys.checked_name(upload_id, "upload_id"))
    with services.tarballs.local(key) as path, path.open("rb") as archive:
        upload = uploads.receive(
            archive,
            owner=owner,
            folder=folder,
            filename=f"{folder}.tar.gz",
            services=services,
            limits=limits,
        )
    services.tarballs.delete(key)
    return upload
