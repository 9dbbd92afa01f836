"""OpenFaaS: Prometheus, the provider that runs containers, and the gateway."""

from types import ModuleType

from deploy.testbed import credentials, faasd, guard, own_provider, probe, process
from deploy.testbed.place import Place

LONGEST = "26h"  #: above every function's exec_timeout
USER = "admin"
#: By `Place.provider`.
PROVIDERS: dict[str, ModuleType] = {"own": own_provider, "faasd": faasd}


def start(place: Place) -> None:
    """Start the three, for this machine alone."""
    guard.close(place)
    _start_prometheus(place)
    secrets = str(place.folder("credentials"))
    credentials.file(place, "basic-auth-user", lambda: USER)
    credentials.file(place, "basic-auth-password")
    _start_provider(place)
    # The gateway listens on 8080 and nowhere else; another port would need a namespace.
    process.start(
        place,
        "gateway",
        [place.program("gateway")],
        ready=probe.http(f"http://127.0.0.1:{place.ports['gateway']}/healthz"),
        env={
            "functions_provider_url": f"http://127.0.0.1:{place.ports['provider']}/",
            "function_namespace": "openfaas-fn",
            "direct_functions": "false",
            "basic_auth": "true",
            # faasd does not start a function again that has ended; the next call then does.
            "scale_from_zero": "true",
            "secret_mount_path": secrets,
            "read_timeout": LONGEST,
            "write_timeout": LONGEST,
            "upstream_timeout": LONGEST,
            "faas_prometheus_host": "127.0.0.1",
            "faas_prometheus_port": str(place.ports["prometheus"]),
        },
    )


def stop_providers(place: Place) -> None:
    """Stop whichever provider runs, with its functions."""
    for provider in PROVIDERS.values():
        provider.stop(place)


def pid(place: Place, function: str) -> int:
    """Return the process id of a function's (first) replica."""
    found: int = PROVIDERS[place.provider].pid(place, function)
    return found


def _start_provider(place: Place) -> None:
    for name, provider in PROVIDERS.items():
        if name != place.provider:
            provider.stop(place)
    PROVIDERS[place.provider].start(place, LONGEST)


def _start_prometheus(place: Place) -> None:
    folder = place.folder("prometheus")
    config = folder / "prometheus.yml"
    target = f"127.0.0.1:{place.ports['gateway']}"
    config.write_text(
        "scrape_configs:\n"
        "  - job_name: gateway\n"
        "    scrape_interval: 5s\n"
        "    static_configs:\n"
        f"      - targets: ['127.0.0.1:{guard.METRICS}', '{target}']\n",
        encoding="utf-8",
    )
    address = f"127.0.0.1:{place.ports['prometheus']}"
    process.start(
        place,
        "prometheus",
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data"]
        + [f"--web.listen-address={address}"],
        ready=probe.http(f"http://{address}/-/ready"),
    )
