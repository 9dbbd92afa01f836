"""deploy/oauth2-proxy: where a person's request can end."""

import base64
import http.server
import json
import re
import shutil
import subprocess
import threading
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import yaml

from mlaas4hep.laptop.ports import free_ports
from tests import calls

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
    assert settings["skip_auth_routes"] == ["GET=^/$", "GET=^/(function/workflow/)?(ui/|sign-in$)"]


class Upstream(http.server.BaseHTTPRequestHandler):
    """The issuer's discovery document, and a function that says what it was sent."""

    def do_GET(self):
        here = f"http://127.0.0.1:{self.server.server_port}"
        told = {
            "issuer": here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/keys",
            "code_challenge_methods_supported": ["S256"],
            "path": self.path,
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """Return the address of a real oauth2-proxy with our configuration before a function."""
    program = shutil.which("oauth2-proxy")
    if program is None:
        pytest.skip("there is no oauth2-proxy: make platform-install")
    folder = tmp_path_factory.mktemp("door")
    settings = yaml.safe_load((FOLDER / "workflow.yaml").read_text())
    (port,) = free_ports(1)
    settings["server"] = {"bindAddress": f"127.0.0.1:{port}"}
    (folder / "workflow.yaml").write_text(yaml.safe_dump(settings))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{upstream.server_port}"
        environment = {
            **GATEWAY,
            "WORKFLOW_URL": address,
            "PREDICT_URL": address,
            "MLAAS_ISSUER": address,
            "MLAAS_AUDIENCE": "mlaas4hep",
            "OAUTH2_PROXY_COOKIE_SECRET": base64.urlsafe_b64encode(b"k" * 32).decode(),
        }
        command = [
            program,
            f"--config={FOLDER}/proxy.cfg",
            f"--alpha-config={folder}/workflow.yaml",
        ]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as proxy:
            try:
                with httpx2.Client(
                    transport=httpx2.HTTPTransport(retries=6), timeout=calls.PATIENCE_S
                ) as patient:
                    assert patient.get(f"http://127.0.0.1:{port}/ping").status_code == 200
                yield f"http://127.0.0.1:{port}"
            finally:
                proxy.terminate()
        upstream.shutdown()


def test_browsers_get_the_page_without_a_session_and_nothing_else(door):
    page = calls.get(f"{door}/function/workflow/ui/page.js")

    assert page.json()["path"] == "/function/workflow/ui/page.js"
    assert calls.get(f"{door}/").status_code == 200  # the function decides
    assert calls.get(f"{door}/runs").status_code == 401
    assert calls.get(f"{door}/function/predict/ui/").status_code == 401
    assert calls.post(f"{door}/ui/").status_code == 401


def test_browsers_are_told_to_come_back_by_tls_only(door):
    assert calls.get(f"{door}/ui/").headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("name", DOORS)
def test_both_doors_tell_browsers_the_same(name):
    headers = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["injectResponseHeaders"]

    told = {one["name"]: one["values"][0]["secretSource"]["value"] for one in headers}
    assert told == {"Strict-Transport-Security": "max-age=31536000"}


def test_what_the_door_itself_answers_names_no_server(door):
    for path in ("/runs", "/ping", "/oauth2/start?rd=/ui/"):
        assert "server" not in calls.get(f"{door}{path}").headers


def test_signing_in_begins_the_code_flow_with_pkce(door):
    answer = calls.get(f"{door}/oauth2/start?rd=/ui/")
    query = parse_qs(urlsplit(answer.headers["location"]).query)

    assert answer.status_code == 302
    assert (query["response_type"], query["code_challenge_method"]) == (["code"], ["S256"])
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Lax" in answer.headers["set-cookie"]


def test_the_page_can_ask_whether_there_is_a_session(door):
    assert calls.get(f"{door}/oauth2/auth").status_code == 401
