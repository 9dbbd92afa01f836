"""`python -m bench.peers.bare PORT MODEL`: uvicorn, orjson and LiteRT, and nothing else."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from ai_edge_litert.interpreter import Interpreter

from bench.peers.dialects import answer
from mlaas4hep.faas.asgi import Receive, Scope, Send


class Model:
    """A LiteRT model that is resized to the rows that come."""

    def __init__(self, model: Path) -> None:
        self.model = Interpreter(model_content=model.read_bytes(), num_threads=1)
        self.model.allocate_tensors()
        self.into = self.model.get_input_details()[0]["index"]
        self.out = self.model.get_output_details()[0]["index"]
        self.shape: tuple[int, ...] = ()

    def predicted(self, values: Any) -> np.ndarray:
        """Return what the model gives for a row or rows."""
        rows = np.atleast_2d(np.asarray(values, np.float32))
        if rows.shape != self.shape:
            self.model.resize_tensor_input(self.into, rows.shape)
            self.model.allocate_tensors()
            self.shape = rows.shape
        self.model.set_tensor(self.into, rows)
        self.model.invoke()
        found: np.ndarray = self.model.get_tensor(self.out)
        return found


class Bare:
    """Answers rows in any dialect with what the model gives."""

    def __init__(self, model: Path) -> None:
        self.model = Model(model)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)

        def header(name: str) -> str:
            return str(dict(scope["headers"]).get(name.encode(), b"").decode())

        body, told = answer(self.model, scope["path"], header, b"".join(parts))
        headers = [(name.encode(), value.encode()) for name, value in told]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
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
