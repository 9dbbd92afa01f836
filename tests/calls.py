"""HTTP calls that wait for their answer as long as a busy machine needs."""

from functools import partial

import httpx2

PATIENCE_S = 120

get = partial(httpx2.get, timeout=PATIENCE_S)
post = partial(httpx2.post, timeout=PATIENCE_S)
