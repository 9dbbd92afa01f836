"""Debian's Prometheus with our own scrape rules, before a platform's gateway."""

import shutil
import subprocess
import time

import httpx2
import pytest
import yaml

from mlaas4hep.laptop.ports import free_ports

PATIENCE_S = 60


def scraped(rules, folder, gateway):
    """Return the health of each target, and the names of all metrics, once all were scraped."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus: make platform-install")
    folder.mkdir()
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration(rules, gateway)))
    shutil.copy(rules.parent / "alerts.yaml", folder)
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    command = [
        *(program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"),
        f"--web.listen-address={address}",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            return health(f"http://{address}/api/v1", process)
        finally:
            process.terminate()


def configuration(rules, gateway):
    """Return the rules that operators merge into theirs, for functions behind another gateway."""
    text = rules.read_text().replace("gateway.openfaas:8080", gateway.removeprefix("http://"))
    told = yaml.safe_load(text)
    functions = [each for each in told["scrape_configs"] if each["job_name"].endswith("functions")]
    return {**told, "global": {"scrape_interval": "1s"}, "scrape_configs": functions}


def health(api, process):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, "prometheus ended"
        try:
            targets = data(f"{api}/targets")["activeTargets"]
            found = {each["labels"]["instance"]: each["health"] for each in targets}
            names = data(f"{api}/label/__name__/values")
        except httpx2.HTTPError:  # it answers 503 until it has begun
            found, names = {}, []
        if found and set(found.values()) == {"up"}:
            break
        time.sleep(0.2)
    return found, names


def data(url):
    return httpx2.get(url, timeout=60).raise_for_status().json()["data"]
