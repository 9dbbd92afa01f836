"""What the gateway says itself: functions, metrics, logs and the issuer, as OpenFaaS does."""

import json
from datetime import datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlaas4hep.laptop import issuer
from tests import calls
from tests.laptop.gateways import PASSWORD


def test_the_functions_are_listed_as_faas_cli_reads_them(client):
    def listed():
        answer = client.get("/system/functions")
        return {each["name"]: each for each in answer.json()}

    before = listed()["echo"]["invocationCount"]
    client.get("/function/echo")
    echo, slow = listed()["echo"], listed()["slow"]

    datetime.fromisoformat(echo["createdAt"])
    assert echo["invocationCount"] == before + 1
    assert (echo["replicas"], echo["availableReplicas"], slow["availableReplicas"]) == (1, 1, 0)
    assert client.get("/system/functions?namespace=other").json() == []


def test_one_function_is_described(client):
    assert client.get("/system/function/echo?usage=1").json()["name"] == "echo"
    assert client.get("/system/function/nobody").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/system/functions", 501),
        ("PUT", "/system/functions", 501),
        ("DELETE", "/system/functions", 501),
        ("POST", "/system/scale-function/echo", 501),
        ("POST", "/system/secrets", 501),
        ("PUT", "/system/secrets", 501),
        ("DELETE", "/system/secrets", 501),
        ("POST", "/async-function/echo", 501),
        ("PATCH", "/system/functions", 405),
        ("GET", "/system/nothing", 404),
    ],
)
def test_what_a_laptop_does_not_offer_is_said_in_json(client, method, path, status):
    answer = client.request(method, path)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_the_rest_of_the_system_api_answers(client):
    assert client.get("/healthz").text == "OK"
    assert client.get("/system/namespaces").json() == ["openfaas-fn"]
    assert client.get("/system/secrets").json() == []
    assert client.get("/system/info").json()["provider"]["provider"] == "mlaas4hep"


def test_calls_are_counted_for_prometheus(client):
    client.get("/function/away")

    text = client.get("/metrics").text
    samples = {
        (sample.name, sample.labels.get("code")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels["function_name"] == "away.openfaas-fn"
    }
    assert samples["gateway_function_invocation_total", "502"] >= 1
    assert samples["gateway_functions_seconds_count", None] >= 1
    assert samples["gateway_service_count", None] == 1


def test_metrics_come_in_the_form_that_is_asked_for(client):
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_logs_come_as_lines_of_json_with_their_times(client, running):
    running.say("first")
    running.say("second")
    client.get("/healthz")

    (line,) = client.get("/system/logs?name=echo&tail=1").text.splitlines()
    message = json.loads(line)
    datetime.fromisoformat(message.pop("timestamp"))
    assert message == {
        "name": "echo", "namespace": "openfaas-fn", "instance": "echo-1", "text": "second"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("since", "there"),
    [("1h", True), ("2000-01-01T00:00:00Z", True), ("2999-01-01T00:00:00", False)],
)
def test_logs_can_be_asked_for_since_a_moment(client, running, since, there):
    running.say("hello")
    client.get("/healthz")

    answer = client.get(f"/system/logs?name=echo&since={since}")

    assert ("hello" in answer.text) is there


def test_logs_can_be_followed(client, running):
    running.say("before")
    with client.stream("GET", "/system/logs?name=echo.openfaas-fn&follow=1&tail=1") as answer:
        lines = answer.iter_lines()
        first = json.loads(next(lines))["text"]
        running.say("after")
        second = json.loads(next(lines))["text"]

    assert (first, second) == ("before", "after")


@pytest.mark.parametrize(
    ("query", "status"),
    [("name=nobody", 404), ("name=echo&since=yesterday", 400), ("name=echo&tail=some", 400)],
)
def test_wrong_questions_about_logs_are_refused(client, query, status):
    assert client.get(f"/system/logs?{query}").status_code == status


def test_the_issuer_can_be_discovered(client, running):
    document = client.get("/.well-known/openid-configuration").json()

    keys = client.get(document["jwks_uri"]).json()["keys"]
    assert document["issuer"] == issuer.ISSUER
    assert [key["kty"] for key in keys] == ["OKP"]
    assert "d" not in keys[0]


@pytest.mark.parametrize(
    "path", ["/system/functions", "/system/logs?name=echo", "/system/info", "/system/nothing"]
)
@pytest.mark.parametrize("auth", [None, ("admin", "guessed"), ("alice", PASSWORD)])
def test_the_gateways_own_routes_want_its_password(running, path, auth):
    answer = calls.get(f"{running.url}{path}", auth=auth)

    assert answer.status_code == 401
    assert "faas-cli login" in answer.json()["error"]["hint"]
