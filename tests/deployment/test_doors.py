"""deploy/oauth2-proxy: where a person's request can end."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy/oauth2-proxy"
DOORS = ("workflow", "predict")


def upstreams(door: str) -> list[dict[str, str]]:
    return yaml.safe_load((FOLDER / f"{door}.yaml").read_text())["upstreamConfig"]["upstreams"]


#: Where oauth2-proxy finds the functions: behind a gateway, and each at an address of its own.
GATEWAY = {"WORKFLOW_PATH": "/function/workflow", "PREDICT_PATH": "/function/predict"}
PLAIN = {"WORKFLOW_PATH": "", "PREDICT_PATH": ""}


def upstream_of(door: str, path: str) -> dict[str, str]:
    longest_first = sorted(upstreams(door), key=lambda upstream: -len(upstream["path"]))
    return next(each for each in longest_first if re.search(each["path"], path))


def ends_at(door: str, path: str, variables: dict[str, str] = GATEWAY) -> str:
    upstream = upstream_of(door, path)
    target = re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], upstream["rewriteTarget"])
    return re.sub(upstream["path"], re.sub(r"\$(\d)", r"\\\1", target), path)


@pytest.mark.parametrize(
    ("door", "path", "end"),
    [
        ("workflow", "/submit", "/function/workflow/submit"),
        ("workflow", "/runs/luca_1/events", "/function/workflow/runs/luca_1/events"),
        ("predict", "/json", "/function/predict/json"),
        ("predict", "/v2/models/luca_1/infer", "/function/predict/v2/models/luca_1/infer"),
        ("workflow", "/system/functions", "/function/workflow/system/functions"),
        ("workflow", "/function/train", "/function/workflow/function/train"),
        ("predict", "/", "/function/predict/"),
        ("workflow", "/function/predict/json", "/function/predict/json"),
        ("predict", "/function/workflow/runs", "/function/workflow/runs"),
        ("predict", "/function/workflow", "/function/workflow/"),
        ("predict", "/function/workflows/x", "/function/predict/function/workflows/x"),
        ("workflow", "/function/predict.other/x", "/function/workflow/function/predict.other/x"),
    ],
)
def test_a_path_ends_inside_a_function_for_people_and_in_no_other(door, path, end):
    assert ends_at(door, path) == end


@pytest.mark.parametrize(
    ("door", "path", "variable", "end"),
    [
        ("workflow", "/runs/luca_1", "${WORKFLOW_URL}", "/runs/luca_1"),
        ("workflow", "/function/predict/json", "${PREDICT_URL}", "/json"),
        ("predict", "/function/workflow", "${WORKFLOW_URL}", "/"),
        ("predict", "/json", "${PREDICT_URL}", "/json"),
    ],
)
def test_without_a_gateway_a_path_ends_at_the_function_itself(door, path, variable, end):
    assert upstream_of(door, path)["uri"] == variable
    assert ends_at(door, path, PLAIN) == end


@pytest.mark.parametrize("door", DOORS)
def test_the_function_gets_the_token_itself(door):
    headers = yaml.safe_load((FOLDER / f"{door}.yaml").read_text())["injectRequestHeaders"]

    assert [header["name"] for header in headers] == ["Authorization"]
    assert headers[0]["values"][0]["claimSource"]["claim"] == "id_token"


def test_a_missing_token_is_an_answer_and_no_login_page():
    settings = tomllib.loads((FOLDER / "proxy.cfg").read_text())

    assert settings["skip_jwt_bearer_tokens"] is True
    assert settings["force_json_errors"] is True
    assert settings["api_routes"] == ["^/"]
    assert not [key for key in settings if key.startswith("skip_auth")]
