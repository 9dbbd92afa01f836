"""Who is asked through no proxy, whatever the environment says of proxies: this machine itself.

A proxy that a whole session is given (HTTP_PROXY, ALL_PROXY) would be told the token of a platform
that listens on loopback, and could not reach it.
"""

DIRECT: dict[str, None] = dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]"))
"""httpx2's mounts: patterns of URLs, None for no proxy."""
