"""What workflow lists before anybody asks, so that nobody waits for thousands of records."""

from dataclasses import replace

import pytest

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.http.workflow.app import list_ahead, make_app
from mlaas4hep.pipeline import modelrecords
from tests.people import Caller
from tests.serving.countingstore import CountingStore


@pytest.fixture
def store(alice):
    counting = CountingStore()
    record = ModelRecord(owner=alice.owner, name="luca_1", version="v1", files=())
    modelrecords.write(record, counting)
    return counting


@pytest.fixture
def app(world, store):
    return make_app(replace(world.services, models=store), world.settings, world.verifier)


def test_the_first_list_of_models_reads_no_record_any_more(app, store, alice):
    list_ahead(app)
    assert len(store.reads) == 1

    (listed,) = Caller(app.test_client(), alice.header, alice.owner).get("/models").json

    assert listed["name"] == "luca_1"
    assert len(store.reads) == 1
