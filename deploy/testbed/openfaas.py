"""OpenFaaS: Prometheus, the provider that runs containers, and the gateway."""

from deploy.testbed import credentials, docker, guard, probe, process
from deploy.testbed.place import Place

LONGEST = "26h"  #: above every function's exec_timeout
USER = "admin"


def start(place: Place) -> None:
    """Start the three, for this machine alone."""
    guard.close(place)
    _start_prometheus(place)
    secrets = str(place.folder("credentials"))
    credentials.file(place, "basic-auth-user", lambda: USER)
    credentials.file(place, "basic-auth-password")
    provider = f"http://127.0.0.1:{place.ports['provider']}"
    process.start(
        place,
        "provider",
        [place.program("provider")],
        ready=probe.http(f"{provider}/healthz"),
        env={
            "docker_socket": f"{place.folder('docker')}/docker.sock",
            "network": docker.NETWORK,
            "secrets_folder": str(place.folder("secrets")),
            "port": str(place.ports["provider"]),
            "longest_call": LONGEST,
            "secret_mount_path": secrets,
        },
    )
    # The gateway listens on 8080 and nowhere else; another port would need a namespace.
    process.start(
        place,
        "gateway",
        [place.program("gateway")],
        ready=probe.http(f"http://127.0.0.1:{place.ports['gateway']}/healthz"),
        env={
            "functions_provider_url": f"{provider}/",
            "function_namespace": "openfaas-fn",
            "direct_functions": "false",
            "basic_auth": "true",
            "secret_mount_path": secrets,
            "read_timeout": LONGEST,
            "write_timeout": LONGEST,
            "upstream_timeout": LONGEST,
            "faas_prometheus_host": "127.0.0.1",
            "faas_prometheus_port": str(place.ports["prometheus"]),
        },
    )


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
