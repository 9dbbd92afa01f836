"""What functions of the tests stand on."""

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.core.runs.run import Run
from mlaas4hep.settings import Settings
from tests.faas.dispatching import KEY


@pytest.fixture
def settings(tmp_path):
    public = tmp_path / "dispatcher.pub"
    public.write_text(KEY.public_pem)
    return Settings(dispatcher_public_key_file=str(public), workers=1)


@pytest.fixture
def services(settings):
    services = bootstrap.services(settings)
    services.runs.create(
        Run(owner="o", name="luca_1", folder="luca", number=1, created_at=0.0, updated_at=0.0)
    )
    return services
