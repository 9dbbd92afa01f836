"""Lists of files as people write them, read with a redirector of an example."""

from mlaas4hep.core.requests.parse import parse_files
from mlaas4hep.core.requests.request import Params

PARAMS = Params(branch="Events", redirector="root://redirector.example.org")


def resolve(name):
    return f"resolved:{name}"


def files(text, params=PARAMS):
    return parse_files(text, params, resolve)
