"""What a start of predict loads, which everybody waits for who calls while there is no replica."""

import subprocess
import sys

_START = """
import sys
from mlaas4hep import bootstrap
from mlaas4hep.faas.server import serve
from mlaas4hep.http.predict.app import make_app
from mlaas4hep.settings import Settings

settings = Settings(store="file:///nowhere", nats="nats://nowhere:1", issuer="https://nowhere")
make_app(bootstrap.services(settings), settings)
waited_for = set(sys.modules)
import mlaas4hep.bootstrap.warmup as warmup
warmup.load()
print(*sorted(waited_for & set(sys.argv[1:])))
print(*sorted(set(sys.modules) & set(sys.argv[1:])))
"""
_OF_FIRST_CALLS = (
    "cryptography",
    "jwt",
    "mlaas4hep.adapters.runtimes.litert.runtime",
    "mlaas4hep.core.models.transform",
    "pydantic",
)
_OF_OTHERS = (
    "mlaas4hep.core.requests.request",
    "mlaas4hep.core.runs.run",
    "mlaas4hep.core.selection.branches",
    "minio",
    "nats",
    "prometheus_client",
)


def test_a_start_waits_neither_for_what_first_calls_need_nor_for_what_other_functions_need():
    asked = [sys.executable, "-c", _START, *_OF_FIRST_CALLS, *_OF_OTHERS]

    done = subprocess.run(asked, check=True, capture_output=True, text=True)

    at_start, later = done.stdout.splitlines()
    assert (at_start, later.split()) == ("", sorted(_OF_FIRST_CALLS))
