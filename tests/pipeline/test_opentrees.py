"""Files that are opened side by side: one that is bad is told, whatever the servers of others do."""

import threading
import time
from dataclasses import replace

import pytest

from mlaas4hep.errors import InvalidRequestError, OverdueError, ServiceUnavailableError
from mlaas4hep.pipeline.opentrees import OpenTrees
from mlaas4hep.testing import pipeline


class Source:
    """A data source whose files are missing, away or on a server that is silent until the end."""

    def __init__(self):
        self.ended = threading.Event()

    def describe(self, url, _tree):
        if url.startswith("gone"):
            raise InvalidRequestError(f"{url}: there is no such file")
        if url == "silent":
            assert self.ended.wait(60)
        raise ServiceUnavailableError(f"{url} does not answer")


@pytest.fixture
def source():
    made = Source()
    yield made
    made.ended.set()


def opened(source, *urls, is_stopping=False, **params):
    services = pipeline.with_source(pipeline.make_services(), source)
    if is_stopping:
        services.stopping.ask()
    return OpenTrees.of(pipeline.submit(services, urls, **params), services)


@pytest.mark.parametrize("others", [("silent",), ("away",), ("away", "silent"), ("gone too",)])
def test_a_missing_file_is_told_whatever_the_servers_of_others_do(source, others):
    with pytest.raises(InvalidRequestError, match="gone: there is no such file"):
        opened(source, *others[:-1], "gone", others[-1])

    assert not source.ended.is_set()


def test_servers_that_are_away_are_waited_for_where_bad_files_may_be_skipped(source):
    with pytest.raises(ServiceUnavailableError, match="away does not answer"):
        opened(source, "gone", "away", on_bad_file="skip")


def test_when_the_time_of_a_step_is_over_the_first_file_that_is_not_open_is_named(source):
    services = pipeline.with_source(pipeline.make_services(), source)
    request = pipeline.submit(services, ["silent", "silent"])
    late = replace(services, stopping=services.stopping.within(0, time.monotonic))

    with pytest.raises(OverdueError, match="within 0 s") as caught:
        OpenTrees.of(request, late)

    assert caught.value.problem.file == request.files[0].name
    assert not source.ended.is_set()


def test_a_process_that_is_told_to_end_waits_for_no_silent_server(source):
    with pytest.raises(ServiceUnavailableError, match="is being stopped"):
        opened(source, "silent", is_stopping=True)

    assert not source.ended.is_set()
