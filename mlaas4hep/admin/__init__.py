"""`mlaas4hep-admin`: what whoever runs a deployment does with it; a file a noun."""

from mlaas4hep.admin.app import main

__all__ = ["main"]
