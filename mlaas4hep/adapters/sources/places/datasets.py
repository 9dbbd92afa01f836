"""Names of data sets (Rucio's, DBS's), which a command or a web service of the site turns into files."""

import shlex
import subprocess
from urllib.parse import quote, urlsplit

import httpx2

from mlaas4hep.adapters.sources.places.place import Place, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.core.requests.inputs import filelist
from mlaas4hep.core.requests.inputs.datasets import SCHEME, is_dataset
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError

NAME = "{}"  #: where the name goes in the site's command or URL
PATIENCE_S = 60.0
MOST_BYTES = 16 * 1024**2  #: of an answer
_SAID = 200  #: characters of what a command says that go into a message


class DatasetPlaces:
    """Asks the site for the files of a data set; the files themselves lie elsewhere."""

    def __init__(self, policy: ServerPolicy) -> None:
        self._asked = policy.datasets

    def locate(self, url: str, *, opens: bool = False) -> Place:  # noqa: ARG002 - there is no file
        """Refuse: a data set is no file."""
        raise InvalidRequestError(f"{shown(url)} is a data set, not a file")

    def find(self, pattern: str) -> list[str]:
        """Return the names of the files of `dataset:NAME`, as the site tells them.

        Raises:
            InvalidRequestError: the site knows no such data set, or nobody can be asked.
            ServiceUnavailableError: it does not answer.
        """
        name = pattern.removeprefix(SCHEME)
        if not self._asked:
            raise InvalidRequestError(
                f"{name!r} looks like a data set, and nobody here knows its files",
                file=name,
                hint="write the files themselves; an operator can name a service in MLAAS_DATASETS",
            )
        if not is_dataset(pattern):
            raise InvalidRequestError(f"{name!r} is no name of a data set", file=name)
        is_url = urlsplit(self._asked).scheme in {"http", "https"}
        text = self._from_service(name) if is_url else self._from_command(name)
        found = [line.text for line in filelist.lines(text)]
        if not found:
            raise InvalidRequestError(
                f"the data set {name!r} has no files", file=name, hint="check its name"
            )
        return found

    def _from_service(self, name: str) -> str:
        url = self._asked.replace(NAME, quote(name, safe=""))
        body = bytearray()
        try:
            with httpx2.stream("GET", url, timeout=PATIENCE_S, follow_redirects=True) as answer:
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise InvalidRequestError(f"the data set {name!r} has too many files")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _silent(name) from error
        if answer.status_code in {400, 404}:
            raise InvalidRequestError(f"there is no data set {name!r}", file=name)
        if answer.status_code != 200:  # noqa: PLR2004
            raise _silent(name)
        return body.decode("utf-8", "replace")

    def _from_command(self, name: str) -> str:
        words = [word.replace(NAME, name) for word in shlex.split(self._asked)]
        if NAME not in self._asked:
            words.append(name)
        try:
            done = subprocess.run(words, capture_output=True, timeout=PATIENCE_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _silent(name) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InvalidRequestError(
                f"the files of data set {name!r} are not told",
                file=name,
                hint=said[-1][:_SAID] if said else "check the name",
            )
        return done.stdout[:MOST_BYTES].decode("utf-8", "replace")


def _silent(name: str) -> ServiceUnavailableError:
    return ServiceUnavailableError(
        f"the service that knows the files of data set {name!r} does not answer",
        file=name,
        hint="write the files themselves, or ask who runs this deployment: it is MLAAS_DATASETS",
    )
