"""The processes in which XRootD's client works, one for each server that is asked."""

import threading
from collections import OrderedDict

from mlaas4hep.adapters.sources.places.xrootd.connection import Allowance, Connection
from mlaas4hep.core.requests.inputs.servers import Server

MOST = 8  #: that are kept; more, where files of more servers are open


class Connections:
    """Knows the process of each server, and starts it when it is asked for first, or is gone."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        # no LRUCache: a file that is open keeps its process, though none is kept here
        self._kept: OrderedDict[Server, Connection] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, server: Server) -> Connection:
        """Return the process that asks a server."""
        with self._lock:
            found = self._kept.pop(server, None)
            if found is None or found.is_gone:
                found = Connection(server, self._allowance)
            self._kept[server] = found
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)  # ends with its last open file
            return found
