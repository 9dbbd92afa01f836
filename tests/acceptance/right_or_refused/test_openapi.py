"""openapi.yaml says what the code does: written from it, and tried on the laptop platform."""

import io
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from mlaas4hep.http.openapi.document import document
from tests import calls
from tests.people import FOLDER, pack

ROOT = Path(__file__).parents[3]
WRITTEN = json.loads((ROOT / "mlaas4hep" / "web" / "openapi.json").read_text())
OPERATIONS = [(path, method) for path, methods in WRITTEN["paths"].items() for method in methods]


def test_the_files_are_what_the_code_says():
    said = document()

    assert json.loads(json.dumps(said)) == WRITTEN
    assert yaml.load((ROOT / "openapi.yaml").read_text(), yaml.CSafeLoader) == WRITTEN


@pytest.fixture(scope="module")
def platform(laptop):
    """Return the gateway's address and a token, with an upload and a run in place."""
    headers = {"Authorization": f"Bearer {laptop.token('otto')}"}
    door = f"{laptop.urls[0]}/function/workflow"
    calls.post(
        f"{door}/upload?name=luca",
        files={"file": ("luca.tar.gz", io.BytesIO(pack(FOLDER)))},
        headers=headers,
    ).raise_for_status()
    calls.post(f"{door}/submit", json={"name": "luca"}, headers=headers).raise_for_status()
    return laptop.urls[0], headers


@pytest.fixture(scope="module")
def schema():
    """Return what schemathesis makes of the document; it is imported only where this runs."""
    import schemathesis  # noqa: PLC0415 - takes seconds

    @schemathesis.serializer("application/gzip")
    def as_bytes(_context, value):
        return value if isinstance(value, bytes) else str(value).encode()

    return schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def checks(schema):
    from schemathesis.checks import not_a_server_error  # noqa: PLC0415 - the same
    from schemathesis.specs.openapi import checks  # noqa: PLC0415 - the same

    return [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda given: given)
def test_every_operation_answers_as_described(schema, checks, platform, path, method):
    url, headers = platform

    @given(case=schema[path][method].as_strategy())
    @settings(
        max_examples=5,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    def answers(case):
        case.validate_response(case.call(base_url=url, headers=headers), checks=checks)

    answers()


def secrets_of(laptop, headers):
    """Return what no log may hold: tokens, and what lies in the platform's key files."""
    yield headers["Authorization"].rpartition(".")[2]
    for file in (laptop.state / "keys").iterdir():
        for line in file.read_text().splitlines():
            word = line.rpartition(":")[2].strip()
            if len(word) >= 16 and not line.startswith("-----") and file.name != "nats.conf":
                yield word


def test_no_log_holds_a_token_or_a_key(laptop, platform):
    """After all that was sent above: also what was wrong, and with wrong tokens."""
    url, headers = platform
    for wrong in (headers["Authorization"][:-1], headers["Authorization"] + "x", "Basic YWRtaW46"):
        answer = calls.get(f"{url}/function/workflow/me", headers={"Authorization": wrong})
        assert answer.status_code == 401
    logs = {file.name: file.read_text() for file in (laptop.state / "logs").iterdir()}
    secrets = set(secrets_of(laptop, headers))

    assert len(secrets) > 5
    assert any(logs.values())
    assert {
        name for name, text in logs.items() if any(secret in text for secret in secrets)
    } == set()
