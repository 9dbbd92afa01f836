"""`python -m bench.peers.bare PORT MODEL`: uvicorn, orjson and LiteRT, and nothing else."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import uvicorn
from ai_edge_litert.interpreter import Interpreter

from mlaas4hep.faas.asgi import Receive, Scope, Send

HEADERS = [(b"content-type", b"application/json")]


class Model:
    """A LiteRT model that is resized to the rows that come."""

    def __init__(self, model: Path) -> None:
        self.model = Interpreter(model_content=model.read_bytes(), num_threads=1)
        self.model.allocate_tensors()
        self.into = self.model.get_input_details()[0]["index"]
        self.out = self.model.get_output_details()[0]["index"]
        self.shape: tuple[int, ...] = ()

    def answer(self, values: list[Any]) -> bytes:
        """Return what the model gives for a row or rows, as JSON."""
        rows = np.atleast_2d(np.array(values, np.float32))
        if rows.shape != self.shape:
            self.model.resize_tensor_input(self.into, rows.shape)
            self.model.allocate_tensors()
            self.shape = rows.shape
        self.model.set_tensor(self.into, rows)
        self.model.invoke()
        return orjson.dumps(self.model.get_tensor(self.out), option=orjson.OPT_SERIALIZE_NUMPY)


class Bare:
    """Answers `{"values": row or rows}` with what the model gives."""

    def __init__(self, model: Path) -> None:
        self.model = Model(model)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = self.model.answer(orjson.loads(b"".join(parts))["values"])
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, length]})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        Bare(Path(sys.argv[2])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        lifespan="off",
        loop="uvloop",
    )
