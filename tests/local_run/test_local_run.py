"""All five functions by `faas-cli local-run`: real watchdog, real images, a real event each."""

import httpx2
import pytest

from deploy.testbed import credentials, functions, identity, process
from mlaas4hep.adapters.identity.tokens import DispatcherSigner
from mlaas4hep.core.runs.cloudevents import dump_event
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady, ModelReady, RunSubmitted

EVENTS = {
    "specs": RunSubmitted(owner="o", run="luca_1"),
    "chunk-preprocess": ChunkPlanned(owner="o", run="luca_1", index=0, specs="o/merged/s.json"),
    "train": ChunkReady(owner="o", run="luca_1", index=0, key="o/c.chunk", entries=1),
    "predict": ModelReady(owner="o", run="luca_1", model="luca_1", version="1"),
}


def deliver(platform, url, name, event):
    private, _ = credentials.dispatcher_keys(platform)
    token = DispatcherSigner(private.read_text()).token(name, event.id)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    return httpx2.post(url, content=dump_event(event), headers=headers, timeout=60)


@pytest.mark.parametrize("name", EVENTS)
def test_a_function_takes_an_event_of_the_dispatcher_and_no_other_call(platform, local_run, name):
    url, _, _ = local_run(name)

    answer = deliver(platform, url, name, EVENTS[name])

    assert answer.status_code == 200, answer.text
    assert httpx2.post(url, content=dump_event(EVENTS[name]), timeout=60).status_code == 401


@pytest.mark.parametrize(("name", "body"), [("workflow", "list_runs"), ("predict", "models")])
def test_a_function_for_people_answers_who_has_a_token(platform, local_run, name, body):
    url, _, _ = local_run(name)
    headers = {"Authorization": f"Bearer {identity.token(platform, 'alice')}"}

    answer = httpx2.post(url, json={"action": body}, headers=headers, timeout=60)

    assert answer.status_code == 200, answer.text
    assert httpx2.post(url, json={"action": body}, timeout=60).status_code == 401


@pytest.mark.parametrize("name", functions.NAMES)
def test_a_function_that_lacks_something_ends_and_names_it(local_run, name):
    _, _, log = local_run(name, until_ready=False, MLAAS_STORE="ftp://nowhere")

    # faas-cli itself waits for Ctrl-C, also when its container has ended.
    process.wait(lambda: "the function ended" in ended(log), 60, f"the end of {name}")

    assert "MLAAS_STORE='ftp://nowhere'" in log.read_text()


def ended(log):
    """Return the log with each watchdog's word for it."""
    return log.read_text().replace("Forked function has terminated", "the function ended")
