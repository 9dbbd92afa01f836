"""What several routes of `predict` take and give."""

from mlaas4hep.http.route import Arg
from mlaas4hep.http.schemas import NAME, OBJECT, Schema

MODEL = Arg(
    name="model",
    about="Name of the model; `OWNER/NAME` if somebody shares it.",
    schema=NAME,
    required=True,
    aliases=("name",),
    looks=r"[^/:]+?(?:/[^/:]+?)??",
)
VERSION = Arg(
    name="version",
    about="The version that is served.",
    required=True,
    looks="[^/:]+",
    is_only_in_path=True,
)
LIST: Schema = {"type": ["array", "null"], "items": {"type": "object"}}
NUMBERS: Schema = {"type": "array", "items": {}}
PREDICTION: Schema = {"anyOf": [NUMBERS, OBJECT]}
PREDICT_ERRORS = (404, 413, 422, 429)
