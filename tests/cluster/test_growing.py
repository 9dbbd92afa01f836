"""A site grows from `small` to `production` by the lines of the operators' guide, and shrinks again."""

import subprocess
import sys
from pathlib import Path

from deploy.testbed.cluster import keys, site
from tests.manual import blocks

(GROWING,) = (
    block.text.splitlines()
    for block in blocks("operators.md")
    if block.heading == "From `small` to `production`"
)
SHRINKING = [
    line.replace("statefulset/xrootd-proxy", "daemonset/xrootd-proxy")
    .replace("pvc data-nats-0", "pvc data-nats-0 data-nats-1 data-nats-2")
    .removesuffix(" --replicas 3")
    for line in GROWING
]


def resize(cluster, lines, size, folder):
    """Run the guide's lines, with this cluster's storage at work between them."""
    programs = f"{Path(sys.executable).parent}:{cluster.environment()['PATH']}"
    env = cluster.environment(
        PATH=programs,
        **site.administration(cluster),
        KUBECONFIG=str(keys.kubeconfig(cluster)),
        OVERLAY=str(site.overlays(cluster) / size.overlay),
    )
    for line in lines:
        done = subprocess.run(
            ["bash", "-euc", line],
            check=False,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if "delete pvc" in line:
            site.renew_volumes(cluster, line.partition("pvc ")[2].split())
    site.is_ready(cluster, size)


def predicted(alice, model):
    given = alice.predict("GET", f"/v2/models/{model}").json()["inputs"][0]
    rows = [[0.5] * given["shape"][1]]
    answer = alice.predict("POST", f"/v1/models/{model}:predict", json={"instances": rows})
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def test_a_site_grows_and_shrinks_with_what_it_has(alice, submit, cluster, tmp_path):
    before = alice.wait(submit("growing", epochs=1))
    said = predicted(alice, before["model"])

    (tmp_path / "small").mkdir()
    resize(cluster, SHRINKING, site.SMALL, tmp_path / "small")
    assert alice.status(before["name"]) == before
    on_one_server = alice.wait(submit("grown", epochs=1))

    resize(cluster, GROWING, site.LARGE, tmp_path)
    assert [alice.status(run["name"]) for run in (before, on_one_server)] == [before, on_one_server]
    assert predicted(alice, before["model"]) == said
    assert alice.wait(submit("larger", epochs=1))["model"]
