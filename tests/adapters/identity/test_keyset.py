import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mlaas4hep.adapters.identity.keyset import KeySet, fetch_json
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.errors import ServiceUnavailableError, UnauthenticatedError


@pytest.fixture
def site():
    """Serve `pages`, texts by path; other paths are 404."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            text = pages.get(self.path)
            moved = text is not None and text.startswith("to ")
            self.send_response(404 if text is None else 308 if moved else 200)
            if moved:
                self.send_header("Location", text.removeprefix("to "))
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    pages["url"] = f"http://127.0.0.1:{server.server_port}"
    yield pages
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_come_over_http_through_the_discovery_document(site):
    key = SigningKey.new()
    url = site["url"]
    site["/.well-known/openid-configuration"] = json.dumps({"jwks_uri": f"{url}/keys"})
    site["/keys"] = json.dumps({"keys": [key.jwk]})

    assert KeySet(f"{url}/").key(key.kid).key_id == key.kid


@pytest.mark.parametrize("page", [None, "no JSON", "[]", "{}", '{"jwks_uri": ""}'])
def test_a_discovery_document_that_is_of_no_use_means_later(site, page):
    site["/.well-known/openid-configuration"] = page

    with pytest.raises(ServiceUnavailableError):
        KeySet(site["url"]).key("any")


def test_an_issuer_that_does_not_listen_means_later():
    with pytest.raises(ServiceUnavailableError, match="cannot be fetched"):
        fetch_json("http://127.0.0.1:1/keys")


def test_an_issuer_may_move_and_cannot_name_our_files(site, tmp_path):
    file = tmp_path / "keys"
    file.write_text('{"keys": []}')
    site["/old"], site["/new"] = f"to {site['url']}/new", '{"keys": [1]}'
    site["/out"] = f"to {file.as_uri()}"

    assert fetch_json(f"{site['url']}/old") == {"keys": [1]}
    for url in (f"{site['url']}/out", file.as_uri(), "data:,{}", "ftp://127.0.0.1/keys", "keys"):
        with pytest.raises(ServiceUnavailableError, match="cannot be fetched"):
            fetch_json(url)


def test_asking_an_issuer_loads_no_library():
    asked = (
        "import sys; from mlaas4hep.adapters.identity import keyset\n"
        "try: keyset.fetch_json('http://127.0.0.1:1/keys')\n"
        "except keyset.ServiceUnavailableError: print({'httpx2', 'urllib3'} & sys.modules.keys())"
    )
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)

    assert told.stdout == "set()\n"


def test_keys_of_kinds_that_we_do_not_know_are_skipped():
    key = SigningKey.new()
    entries = [{"kty": "XYZ", "kid": "odd"}, {"kid": "empty"}, key.jwk]
    keys = KeySet("https://issuer", "https://issuer/keys", lambda _url: {"keys": entries})

    assert keys.key(key.kid).key_id == key.kid
    with pytest.raises(UnauthenticatedError):
        keys.key("odd")


def test_a_token_without_a_key_id_works_while_the_issuer_has_one_key_only():
    one, two = SigningKey.new(), SigningKey.new()
    single = KeySet("https://issuer", "https://issuer/keys", lambda _url: {"keys": [one.jwk]})
    double = KeySet(
        "https://issuer", "https://issuer/keys", lambda _url: {"keys": [one.jwk, two.jwk]}
    )

    assert single.key(None).key_id == one.kid
    with pytest.raises(UnauthenticatedError):
        double.key(None)
