"""Every route, asked by somebody for what is another person's: as if it were not there."""

import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady
from mlaas4hep.http.route import path_names
from mlaas4hep.http.workflow.routes import ROUTES
from tests.http.workflow.test_contract import EXAMPLES
from tests.people import FOLDER, World, pack

RUN, DONE = "luca_1", "luca_2"
_KEPT = ("tarballs", "runs_files", "specs", "chunks", "models")
_OTHERS = {"version": "v1", "alias": "production", "number": "0", "chunk": "0", "other": DONE}
#: whoever calls them makes something of their own
MAKING = {"put_tarball", "offer_upload", "take_upload"}
NAMING = [
    route
    for route in ROUTES
    if path_names(route.path) and not route.is_open and route.name not in MAKING
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("strangers"))
    alice = world.person("alice")
    alice.send(pack(FOLDER))
    assert [alice.submit().status_code for _ in range(2)] == [200, 200]
    services, owner = world.services, alice.owner
    record = ModelRecord(owner=owner, name=DONE, version="v1", files=("saved_model.pb",))
    services.models.put(keys.model_file(owner, DONE, "v1", "saved_model.pb"), b"pb")
    services.models.put(keys.model(owner, DONE), wire.dump(record))
    for name in (files.HISTORY, files.HISTOGRAMS):
        services.runs_files.put(files.key(owner, RUN, name), b"[]")
    services.runs.apply([ModelReady(owner=owner, run=DONE, model=DONE, version="v1")])
    return world


def _stored(world):
    """Return all that there is of anybody."""
    stores = [getattr(world.services, name) for name in _KEPT]
    runs = {(run.owner, run.name): run for run in world.services.runs.list()}
    return [[(each.key, each.etag) for each in store.list("")] for store in stores], runs


def _asked(world, route, names, person):
    path = route.path
    for name in path_names(path):
        path = path.replace(f"{{{name}}}", names.get(name, "nix_9"))
    example = EXAMPLES.get(route.name)
    body = (example and example.json) or {}
    given = {"json": body} if route.method in {"POST", "PUT", "PATCH"} else {}
    return world.person(person).call(route.method, path, **given)


def _without(thing, said):
    return said.replace(thing.encode(), b"nix_9")


@pytest.mark.parametrize("route", NAMING, ids=str)
def test_a_stranger_is_told_that_there_is_no_such_thing_and_changes_nothing(world, route):
    thing = DONE if "/models/" in route.path else "luca" if "/tarballs/" in route.path else RUN
    before = _stored(world)

    found = _asked(world, route, _OTHERS | {"name": thing, "process_name": RUN}, "mallory")
    absent = _asked(world, route, _OTHERS | {"name": "nix_9", "process_name": "nix_9"}, "mallory")

    assert 400 <= found.status_code < 500, found.data
    assert found.status_code == absent.status_code
    assert _without(thing, found.data) == _without(thing, absent.data)
    assert _stored(world) == before
