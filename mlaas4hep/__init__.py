"""MLaaS4HEP on OpenFaaS: train a network on ROOT files and get predictions, over HTTP."""

__version__ = "1.0.0"
