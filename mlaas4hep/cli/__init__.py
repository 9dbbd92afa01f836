"""The command line; `mlaas4hep -h` lists what it can do."""

from mlaas4hep.cli.app import main

__all__ = ["main"]
