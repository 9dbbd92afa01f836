"""One laptop platform for every row of the tables, and people who call it over HTTP."""

import json

import httpx2
import pytest

from mlaas4hep.client import Client
from tests.http.predict.packing import packed
from tests.laptops import Laptop


@pytest.fixture(scope="package")
def laptop(tmp_path_factory):
    limits = {"MLAAS_MAX_RUNS": "100", "MLAAS_BUILD_SECONDS": "20"}
    with Laptop(tmp_path_factory.mktemp("right") / "state", **limits) as running:
        yield running


@pytest.fixture(scope="package")
def alice(laptop):
    with Client(f"{laptop.urls[0]}/function/workflow", laptop.token("alice")) as made:
        yield made


@pytest.fixture(scope="package")
def ask(laptop):
    """Return a function that calls predict, or workflow."""

    def ask(method, path, *, function="predict", user="alice", **given):
        sent = {"Authorization": f"Bearer {laptop.token(user)}"}
        url = f"{laptop.urls[0]}/function/{function}{path}"
        return httpx2.request(method, url, headers=sent, timeout=60, **given)

    return ask


@pytest.fixture
def bring(ask, case_models):
    """Return a function that uploads a folder under a name, with texts beside its files."""

    def bring(folder, name, *, top="model", params=None, extra=()):
        texts = dict(extra)
        if params is not None:
            texts[f"{top}/params.json"] = json.dumps(params).encode()
        path = None if folder is None else case_models / folder
        return ask("POST", f"/upload?name={name}", content=packed(path, top=top, extra=texts))

    return bring


@pytest.fixture
def predicted(ask):
    """Return a function that asks TensorFlow Serving's way."""

    def predicted(name, instances, verb="predict", **more):
        asked = {"instances": instances} if verb == "predict" else {"examples": instances}
        return ask("POST", f"/v1/models/{name}:{verb}", json={**asked, **more})

    return predicted
