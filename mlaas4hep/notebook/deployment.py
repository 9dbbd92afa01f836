"""Where a notebook begins: `here = connect()`."""

import os
from pathlib import Path

import pandas as pd

from mlaas4hep.cli.options import URL, chosen
from mlaas4hep.client import Client
from mlaas4hep.core.models.dryrun import DryRun
from mlaas4hep.core.runs.views import Tarball
from mlaas4hep.notebook.model import Model
from mlaas4hep.notebook.run import Run


def connect(endpoint: str = "", *, url: str = "", token: str = "") -> "Deployment":
    """Return the deployment of `mlaas4hep login`, or of MLAAS4HEP_URL and MLAAS4HEP_TOKEN.

    Args:
        endpoint: the name of a login; the last one if nothing is said. An address does as `url`.
        url: of a deployment, instead, with its `token`.

    Raises:
        UnauthenticatedError: there is neither login nor token; the hint says how to get one.
    """
    if "://" in endpoint:
        endpoint, url = "", endpoint
    url = url or os.environ.get("MLAAS4HEP_URL", "") or URL
    token = token or os.environ.get("MLAAS4HEP_TOKEN", "")
    return Deployment(chosen(url, token, endpoint))


class Deployment:
    """One deployment; what is asked of it comes as values for notebooks.

    `client` has everything else.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    def close(self) -> None:
        """Close the connections; a kernel that ends does so, too."""
        self.client.close()

    def upload(self, folder: str | Path, name: str) -> Tarball:
        """Send a folder, or a tarball."""
        return self.client.upload(folder, name=name)

    def dry_run(self, name: str, **keys: str | float) -> DryRun:
        """Return what a run of an upload would do, without making it."""
        return self.client.dry_run(name, **keys)

    def submit(self, name: str, **keys: str | float) -> Run:
        """Make a run of an upload; `keys` are those of a submission, such as `params`."""
        return Run(self.client, self.client.submit(name, **keys))

    def run(self, name: str) -> Run:
        """Return one run."""
        return Run(self.client, self.client.run(name))

    def runs(self, **filters: str | int) -> pd.DataFrame:
        """Return runs as a table; filters: status, folder, q, sort, offset, limit."""
        found = self.client.runs(**filters).runs
        rows = [
            {
                "run": each.name,
                "status": str(each.status),
                "title": each.title,
                "learned": each.learned,
                "framework": each.framework,
                "seconds": each.seconds,
                **each.metrics,
            }
            for each in found
        ]
        return pd.DataFrame(rows, columns=None if rows else ["run", "status"]).set_index("run")

    def model(self, name: str) -> Model:
        """Return one model of yours."""
        return Model(self.client, self.client.model(name))

    def models(self) -> pd.DataFrame:
        """Return the models that you may use, as a table."""
        rows = [
            {
                "model": each.name,
                "version": each.version,
                "mine": each.mine,
                "about": each.description,
                "learned": each.learned,
                "framework": each.framework,
                "changed_at": each.changed_at,
                **each.metrics,
            }
            for each in self.client.models()
        ]
        return pd.DataFrame(rows, columns=None if rows else ["model", "version"]).set_index("model")
