"""HTTP calls that wait for their answer as long as a busy machine needs."""

from functools import partial

import httpx

PATIENCE_S = 120

get = partial(httpx.get, timeout=PATIENCE_S)
post = partial(httpx.post, timeout=PATIENCE_S)
