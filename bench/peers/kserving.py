"""`python kserving.py PORT MODEL`: KServe's Python server with LiteRT; in an environment of its own."""

import sys
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from kserve import Model, ModelServer


class Lite(Model):
    """Answers V1's `{"instances": rows}`."""

    def __init__(self, path: str) -> None:
        super().__init__("lite")
        self.model = Interpreter(model_path=path, num_threads=1)
        self.model.allocate_tensors()
        self.into = self.model.get_input_details()[0]["index"]
        self.out = self.model.get_output_details()[0]["index"]
        self.shape: tuple[int, ...] = ()
        self.ready = True

    async def predict(
        self,
        payload: dict[str, Any],
        headers: object = None,  # noqa: ARG002 - KServe's
        response_headers: object = None,  # noqa: ARG002 - KServe's
    ) -> dict[str, Any]:
        rows = np.array(payload["instances"], np.float32)
        if rows.shape != self.shape:
            self.model.resize_tensor_input(self.into, rows.shape)
            self.model.allocate_tensors()
            self.shape = rows.shape
        self.model.set_tensor(self.into, rows)
        self.model.invoke()
        return {"predictions": self.model.get_tensor(self.out).tolist()}


if __name__ == "__main__":
    server = ModelServer(
        http_port=int(sys.argv[1]), enable_grpc=False, workers=1, access_log_format=None
    )
    server.start([Lite(sys.argv[2])])
