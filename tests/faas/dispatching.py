"""The dispatcher's key, and what is waited for before functions are called."""

import threading

from mlaas4hep.adapters.identity.signing import SigningKey

KEY = SigningKey.new()


def warmed():
    """Wait for what functions do ahead."""
    for thread in threading.enumerate():
        if thread.name == "warm":
            thread.join(60)
