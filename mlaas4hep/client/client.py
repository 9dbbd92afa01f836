"""The Python client: a deployment as an object, our own values as answers.

with Client("http://127.0.0.1:8080", token) as client:
    client.upload("luca.tar.gz", name="luca")
    run = client.submit("luca")
    print(client.wait(run.name).metrics)
"""

from types import TracebackType
from typing import Self

from mlaas4hep.client.account import Account
from mlaas4hep.client.address import DEFAULT_URL, Address
from mlaas4hep.client.connection import Connection
from mlaas4hep.client.models import Models
from mlaas4hep.client.predictions import Predictions
from mlaas4hep.client.rundata import RunData
from mlaas4hep.client.runs import Runs
from mlaas4hep.client.scans import Scans
from mlaas4hep.client.scores import Scores
from mlaas4hep.client.tarballs import DIRECT_BYTES, Tarballs


class Client(Tarballs, Runs, RunData, Scans, Scores, Models, Predictions, Account):
    """One deployment and one token; safe to use from one thread at a time.

    Every method raises the errors of `mlaas4hep.errors`: what the server says is wrong, with its
    `problem`, and ServiceUnavailableError when it cannot be reached or stays busy.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str = "",
        *,
        connection: Connection | None = None,
        direct_bytes: int = DIRECT_BYTES,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: of the gateway, or of a public door; all functions are found from there.
            direct_bytes: larger tarballs go straight into the object store, where that is offered.
            connection: with timeouts, retries or a transport of your own.

        Raises:
            InvalidRequestError: that is no address.
        """
        super().__init__(
            Address.parse(url), connection or Connection(token), direct_bytes=direct_bytes
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._line.close()
