"""The OpenID Connect provider, and tokens from it."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import httpx2

from deploy.testbed import credentials, probe, process
from deploy.testbed.place import Place

AUDIENCE = "mlaas4hep"
LOGIN_CLIENT = "mlaas4hep-login"
DISCOVERY = "/.well-known/openid-configuration"
PROGRAM = Path(__file__).parent / "identity"


def install(place: Place) -> Path:
    """Install the provider, if it is not there; return its folder."""
    folder = place.cached("identity")
    for file in ("package.json", "package-lock.json", "issuer.mjs", "interactions.mjs"):
        shutil.copy(PROGRAM / file, folder)
    lock = hashlib.sha256((PROGRAM / "package-lock.json").read_bytes()).hexdigest()[:12]
    if not (folder / f"installed-{lock}").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
        (folder / f"installed-{lock}").touch()
    return folder


def start(place: Place) -> None:
    """Start the issuer that the platform trusts, and one that it does not."""
    folder = install(place)
    for name in ("identity", "stranger"):
        url = place.http(name)
        key = place.folder("credentials") / f"{name}.jwk"
        process.start(
            place,
            name,
            ["node", str(folder / "issuer.mjs"), url, str(key), str(credentials.people(place))],
            ready=probe.http(url + DISCOVERY),
        )


def token(
    place: Place,
    person: str,
    *,
    audience: str = AUDIENCE,
    seconds: int = 3600,
    issuer: str = "identity",
) -> str:
    """Return a bearer token for a person, from the issuer of that name."""
    everybody = json.loads(credentials.people(place).read_text(encoding="utf-8"))
    answer = httpx2.post(
        place.http(issuer) + "/token",
        auth=(person, everybody[person]["secret"]),
        data={
            "grant_type": "client_credentials",
            "resource": f"urn:audience:{audience}:{seconds}",
        },
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])
