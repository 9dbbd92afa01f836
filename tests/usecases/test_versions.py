"""What is read for versions of a model: each of their records once."""

from dataclasses import replace

import pytest

from mlaas4hep.core import keys
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.pipeline.promotion import promote
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import versions
from tests.serving.countingstore import CountingStore
from tests.usecases.test_versions_at_once import trained

KEPT = 5


@pytest.fixture
def services():
    made = replace(pipeline.make_services(), models=CountingStore(), max_versions=KEPT)
    for number in range(KEPT):
        trained(made, number)
        promote("o", f"r_{number}", "m", made)
    return made


def served(services):
    return modelrecords.read(keys.model("o", "m"), services.models)


ASKED = {
    "card": lambda model, services: versions.card(model, "v1", services),
    "card of the served": lambda model, services: versions.card(model, "", services),
    "alias": lambda model, services: versions.move_alias(model, "best", "v1", services),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_each_record_is_read_once(services, asked):
    model = served(services)
    services.models.reads.clear()

    asked(model, services)

    read = [key for key in services.models.reads if keys.is_version(key)]
    assert len(read) == len(set(read)) > 1
