"""Chunks made by two replicas are the chunks that one makes, bit for bit."""

import hashlib

import pytest

from deploy.testbed import functions, process
from deploy.testbed.containers import docker

FUNCTION = "chunk-preprocess"


@pytest.fixture(scope="module")
def made(alice, remote_job, gateway, platform, store):
    """Run one job with one replica and again with two; return chunks and who made them."""
    if platform.provider == "faasd":
        pytest.skip("faasd runs one replica of a function")
    found = {}
    alice.forget("scale")
    alice.upload("scale", remote_job(epochs=1, chunk_size=500))
    for replicas in (1, 2):
        scale(gateway, platform, replicas)
        alice.workflow("GET", "/delete_specs?name=scale")
        others = keys(store)  # of earlier runs, which the platform may remove at any time
        before = {name: len(log(platform, name)) for name in containers(platform)}
        run = alice.wait(alice.submit("scale", preproc="preproc.json"))
        makers = {
            name
            for name in containers(platform)
            if f"{run['name']}" in log(platform, name)[before[name] :]
        }
        found[replicas] = (digests(store, keys(store) - others), makers)
    scale(gateway, platform, 1)
    yield found
    alice.forget("scale")


def scale(gateway, platform, replicas):
    body = {"serviceName": FUNCTION, "replicas": replicas}
    assert gateway.post(f"/system/scale-function/{FUNCTION}", json=body).status_code == 202
    process.wait(lambda: functions.replicas(platform, FUNCTION) == replicas, 60, "replicas")


def containers(platform):
    label = f"--filter=label={docker.LABEL}={FUNCTION}"
    return docker.run(platform, "ps", "--format={{.Names}}", label).split()


def log(platform, container):
    return docker.logs(platform, container)


def keys(store):
    """Return the keys of the chunks that there are."""
    return {found.object_name for found in store.list_objects("chunks", recursive=True)}


def digests(store, chunks):
    """Return the digest of every chunk's bytes by its key."""
    found = {}
    for key in chunks:
        answer = store.get_object("chunks", key)
        found[key] = hashlib.sha256(answer.read()).hexdigest()
        answer.close()
        answer.release_conn()
    return found


def test_both_replicas_make_chunks(made):
    assert len(made[1][1]) == 1
    assert len(made[2][1]) == 2


def test_the_bits_are_the_same(made):
    alone, together = made[1][0], made[2][0]

    assert len(alone) >= 24
    assert alone == together
