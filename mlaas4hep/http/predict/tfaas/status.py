"""TFaaS's `/status`: how the process is."""

import os
import resource
import threading
import time
from dataclasses import asdict

from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import Context, who
from mlaas4hep.http.predict.tfaas.reference import TAG
from mlaas4hep.http.route import Route


async def status(context: Context, call: Call) -> Answer:
    """Return how the process is, in TFaaS's words, and what one's models were used for."""
    used = {
        name: asdict(tally)
        for (owner, name), tally in context.tallies.items()
        if owner == who(call).owner
    }
    total, free = (os.sysconf(f"SC_{pages}") for pages in ("PHYS_PAGES", "AVPHYS_PAGES"))
    page = os.sysconf("SC_PAGE_SIZE")
    virtual = {"total": total * page, "free": free * page, "used": (total - free) * page}
    return json_answer(
        {
            "Uptime": time.monotonic() - context.started_at,
            "Load": dict(zip(("load1", "load5", "load15"), os.getloadavg(), strict=True)),
            "Memory": {"Virtual": virtual | {"usedPercent": 100 * (1 - free / total)}},
            "getRequests": context.calls["GET"],
            "postRequests": context.calls["POST"],
            "process": {
                "threads": threading.active_count(),
                "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
            "models": used,
        }
    )


ROUTES = (Route(name="status", method="GET", path="/status", handler=status, tag=TAG),)
