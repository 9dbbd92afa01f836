"""What workflow lists before anybody asks, so that nobody waits for thousands of records."""

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.http.workflow.app import list_ahead


def test_the_first_list_of_models_reads_no_record_any_more(world, alice, monkeypatch):
    record = ModelRecord(owner=alice.owner, name="luca_1", version="v1", files=())
    world.services.models.put(keys.model(alice.owner, "luca_1"), wire.dump(record))
    list_ahead(world.app)
    read = []
    store = type(world.services.models)
    monkeypatch.setattr(store, "get", lambda _self, key: read.append(key))

    (listed,) = alice.get("/models").json

    assert listed["name"] == "luca_1"
    assert read == []
