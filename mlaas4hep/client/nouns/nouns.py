"""All that can be asked of a deployment, for both clients."""

from mlaas4hep.client.address import Address
from mlaas4hep.client.nouns.account import Account
from mlaas4hep.client.nouns.models import Models
from mlaas4hep.client.nouns.predictions import Predictions
from mlaas4hep.client.nouns.rundata import RunData
from mlaas4hep.client.nouns.runs import Runs
from mlaas4hep.client.nouns.scans import Scans
from mlaas4hep.client.nouns.scores import Scores
from mlaas4hep.client.nouns.tarballs import Tarballs


class Nouns(Tarballs, Runs, RunData, Scans, Scores, Models, Predictions, Account):
    """Every method that both clients have."""

    def __init__(self, address: Address, retries: int, direct_bytes: int) -> None:
        self._address = address
        self._retries = retries
        self.direct_bytes = direct_bytes
