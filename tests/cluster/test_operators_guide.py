"""The commands of the operators' guide that want a node, as they stand there, twice in a row."""

import json
import subprocess

import pytest

from deploy.testbed.cluster import keys, kubectl
from tests.manual import blocks

BLOCKS = [block for block in blocks("operators.md") if block.text.startswith("kubectl")]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_command_of_the_guide_works_again_and_again(block, cluster, tmp_path):
    proxy = tmp_path / "x509up_u1000"
    proxy.write_text("a grid proxy")
    text = block.text.replace("/tmp/x509up_u1000", str(proxy))
    env = cluster.environment(KUBECONFIG=str(keys.kubeconfig(cluster)))

    for _ in range(2):
        subprocess.run(["bash", "-eo", "pipefail", "-c", text], env=env, check=True, timeout=60)

    query = ("get", "secret", "xrootd-credentials", "-n", "mlaas", "-o", "json")
    assert "x509" in json.loads(kubectl.run(cluster, *query))["data"]
