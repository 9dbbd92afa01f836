"""`python -m bench.peers.rsgi PORT MODEL`: granian, orjson and LiteRT, and nothing else."""

import sys
from pathlib import Path
from typing import Any

import orjson
import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from bench.peers.bare import Model


class Bare:
    """Answers `{"values": row or rows}` with what the model gives."""

    def __init__(self, model: Path) -> None:
        self.model = Model(model)

    async def __rsgi__(self, _scope: object, protocol: Any) -> None:
        body = self.model.answer(orjson.loads(await protocol())["values"])
        protocol.response_bytes(200, [("content-type", "application/json")], body)


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
