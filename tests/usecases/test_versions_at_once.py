"""Two people and one model: whatever one does amid what the other does, no name means what is gone."""

import itertools
from contextlib import suppress
from dataclasses import replace

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ConflictError, NotFoundError
from mlaas4hep.pipeline.promotion import promote
from mlaas4hep.pipeline.servedversion import served_now
from mlaas4hep.settings import Settings
from mlaas4hep.usecases import versions
from mlaas4hep.usecases.aliases import read_aliases

CALLS = ("get", "put", "put_if", "put_stream", "delete", "info", "list")


class Amid:
    """A store before whose n-th call somebody else does something."""

    def __init__(self, inner, at, act):
        self._inner, self._left, self._act = inner, at, act
        self.has_acted = False

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name not in CALLS:
            return found

        def called(*given, **options):
            self._left -= 1
            if self._left == 0:
                self.has_acted = True
                self._act()
            return found(*given, **options)

        return called


def trained(services, number):
    """Store a model as a training does."""
    name, version = f"r_{number}", f"v{number}"
    services.models.put(keys.model_file("o", name, version, "model.onnx"), version.encode())
    record = ModelRecord(owner="o", name=name, version=version, files=("model.onnx",), run_id="r")
    services.models.put(keys.model("o", name), sealed.dump(record))


def world():
    """Return services that keep one version, and a model with three, of which the last is served."""
    services = replace(bootstrap.services(Settings()), max_versions=3)
    for number in (1, 2, 3, 4):
        trained(services, number)
    for number in (1, 2, 3):
        promote("o", f"r_{number}", "m", services)
    return replace(services, max_versions=1)


def served(services):
    record, _ = served_now("o", "m", services)
    return record


def moves_alias(services):
    versions.move_alias(served(services), "production", "v1", services)


def serves_it(services):
    versions.serve(served(services), "v1", services)


def promotes(services):
    promote("o", "r_4", "m", services)


def check(services):
    """Whatever is served or has an alias is there with its files."""
    now = served(services)
    named = {now.version, *read_aliases(now, services).values()}
    for version in named:
        record = versions.resolve(now, version, services)
        for file in record.files:
            key = keys.model_file("o", "m", version, file)
            assert services.models.get(key) == version.encode()


@pytest.mark.parametrize("uses", [moves_alias, serves_it])
@pytest.mark.parametrize("is_promotion_first", [True, False])
def test_nothing_that_is_used_is_deleted_whoever_comes_between(uses, is_promotion_first):
    first, second = (promotes, uses) if is_promotion_first else (uses, promotes)
    for at in itertools.count(1):
        services = world()

        def act(services=services):
            with suppress(ConflictError, NotFoundError):
                second(services)

        amid = Amid(services.models, at, act)
        with suppress(ConflictError, NotFoundError):
            first(replace(services, models=amid))

        check(services)
        if not amid.has_acted:
            break
    assert at > 5


def test_who_is_told_that_a_version_is_gone_is_told_why():
    services = world()
    aliases = keys.aliases("o", "m")

    class Late(Amid):
        def put_if(self, key, *given):
            if key == aliases and not self.has_acted:
                self.has_acted = True
                promotes(services)
            return services.models.put_if(key, *given)

    with pytest.raises(ConflictError, match="version 'v1' of model 'm' was deleted at the same"):
        moves_alias(replace(services, models=Late(services.models, 0, None)))

    assert read_aliases(served(services), services) == {}
