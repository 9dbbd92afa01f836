"""`python -m bench.peers.rsgi PORT MODEL`: granian, orjson and LiteRT, and nothing else."""

import sys
from pathlib import Path
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from bench.peers.bare import Model
from bench.peers.dialects import answer


class Bare:
    """Answers rows in any dialect with what the model gives."""

    def __init__(self, model: Path) -> None:
        self.model = Model(model)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        def header(name: str) -> str:
            return str(scope.headers.get(name) or "")

        body, headers = answer(self.model, scope.path, header, await protocol())
        protocol.response_bytes(200, headers, body)


async def main() -> None:
    server = Server(
        Bare(Path(sys.argv[2])),
        port=int(sys.argv[1]),
        interface=Interfaces.RSGI,
        websockets=False,
        log_enabled=False,
    )
    await server.serve()


if __name__ == "__main__":
    uvloop.run(main())
