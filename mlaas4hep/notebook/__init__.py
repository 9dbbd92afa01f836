"""A deployment in a notebook: values that show themselves, tables of pandas, histograms of hist."""

from mlaas4hep.notebook.deployment import Deployment, connect
from mlaas4hep.notebook.model import Model
from mlaas4hep.notebook.run import Run

__all__ = ["Deployment", "Model", "Run", "connect"]
