"""oauth2-proxy with TLS: one door to workflow, one to predict."""

from deploy.testbed import credentials, identity, probe, process
from deploy.testbed.place import REPOSITORY, Place
from mlaas4hep.admin import secretfiles

CONFIGURATION = REPOSITORY / "deploy/oauth2-proxy"
DOORS = ("workflow", "predict")


def start(place: Place) -> None:
    """Start both doors on all addresses of this machine."""
    key, certificate = credentials.certificate(place)
    cookie = cookie_secret(place)
    for door in DOORS:
        command = [place.program("oauth2-proxy"), f"--config={CONFIGURATION}/proxy.cfg"]
        process.start(
            place,
            f"door-{door}",
            [*command, f"--alpha-config={CONFIGURATION}/{door}.yaml"],
            ready=probe.http(f"https://127.0.0.1:{place.ports[door]}/ping"),
            env={
                "DOOR_ADDRESS": "0.0.0.0",  # noqa: S104 - the doors are what the world may reach
                "DOOR_PORT": str(place.ports[door]),
                "TLS_KEY_FILE": str(key),
                "TLS_CERTIFICATE_FILE": str(certificate),
                **_functions(f"http://127.0.0.1:{place.ports['gateway']}"),
                "MLAAS_AUDIENCE": identity.AUDIENCE,
                "MLAAS_ISSUER": place.http("identity"),
                "OAUTH2_PROXY_COOKIE_SECRET": cookie,
            },
        )


def _functions(gateway: str) -> dict[str, str]:
    """Return the variables that say where the functions are behind a gateway."""
    return {f"{name.upper()}_URL": gateway for name in DOORS} | {
        f"{name.upper()}_PATH": f"/function/{name}" for name in DOORS
    }


def cookie_secret(place: Place) -> str:
    """Return what the doors encrypt cookies with."""
    return credentials.text(place, secretfiles.COOKIE).strip().partition("=")[2]
