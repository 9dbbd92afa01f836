"""Uploaded models: which version is served, and whose files go."""

from dataclasses import replace

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.settings import Settings
from mlaas4hep.usecases.modelstore import upload

RECORD = ModelRecord(owner="a", name="m", version="", files=())
LIMITS = Limits(
    max_upload_bytes=1000, max_unpacked_bytes=1000, max_models=10, max_runs=1, max_bytes=10_000
)


@pytest.fixture
def services():
    return bootstrap.services(Settings())


@pytest.fixture
def bundle(tmp_path):
    """Return a function that makes a bundle of its own for each content."""

    def made(content):
        folder = tmp_path / content
        folder.mkdir()
        (folder / "model.tflite").write_text(content)
        return folder

    return made


def stored(services):
    return {info.key for info in services.models.list("a/m/")}


def served(services):
    return sealed.load(ModelRecord, services.models.get(keys.model("a", "m")))


def of(record):
    return {"a/m/model.json", f"a/m/{record.version}/model.tflite"}


def test_the_version_before_is_deleted(services, bundle):
    upload(bundle("one"), RECORD, services, LIMITS)

    second, is_new = upload(bundle("two"), RECORD, services, LIMITS)

    assert not is_new
    assert (served(services), stored(services)) == (second, of(second))


def test_of_two_uploads_at_once_one_is_served_whole(services, bundle):
    upload(bundle("one"), RECORD, services, LIMITS)
    others = []

    def meanwhile(_record):
        others.append(upload(bundle("two"), RECORD, services, LIMITS)[0])

    last, _ = upload(bundle("three"), RECORD, services, LIMITS, meanwhile)

    assert others[0].version != last.version
    assert (served(services), stored(services)) == (last, of(last))


def test_a_version_that_is_kept_stays(services, bundle):
    kept, _ = upload(bundle("one"), RECORD, services, LIMITS)
    key = keys.model_version("a", "m", kept.version)
    services.models.put(key, sealed.dump(replace(kept, promoted_from="r_1")))

    last, _ = upload(bundle("two"), RECORD, services, LIMITS)

    assert stored(services) == {*of(last), *of(kept), key}


def test_a_damaged_record_is_written_anew(services, bundle):
    upload(bundle("one"), RECORD, services, LIMITS)
    services.models.put(keys.model("a", "m"), b"damaged")

    last, _ = upload(bundle("two"), RECORD, services, LIMITS)

    assert served(services) == last


def test_an_upload_that_cannot_be_loaded_leaves_what_is_served(services, bundle):
    first, _ = upload(bundle("one"), RECORD, services, LIMITS)

    def fail(_record):
        raise InvalidRequestError("no")

    with pytest.raises(InvalidRequestError):
        upload(bundle("two"), RECORD, services, LIMITS, fail)

    assert (served(services), stored(services)) == (first, of(first))
