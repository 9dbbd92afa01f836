"""`python fast.py PORT MODEL`: FastAPI as its tutorial has it, with LiteRT; in an environment of its own."""

import sys

import numpy as np
import uvicorn
from ai_edge_litert.interpreter import Interpreter
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = Interpreter(model_path=sys.argv[2], num_threads=1)
model.allocate_tensors()
into = model.get_input_details()[0]["index"]
out = model.get_output_details()[0]["index"]


class Rows(BaseModel):
    """A row or rows."""

    values: list[float] | list[list[float]]


@app.post("/json")
async def predict(asked: Rows) -> list[list[float]]:
    """Return what the model gives."""
    rows = np.atleast_2d(np.array(asked.values, np.float32))
    if tuple(model.get_input_details()[0]["shape"]) != rows.shape:
        model.resize_tensor_input(into, rows.shape)
        model.allocate_tensors()
    model.set_tensor(into, rows)
    model.invoke()
    answers: list[list[float]] = model.get_tensor(out).tolist()
    return answers


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
