"""Write openapi.yaml, and openapi.json for the function, from the routes: `python docs/openapi.py`."""

import json
from pathlib import Path

import yaml

from mlaas4hep.http.openapi.document import document

TARGET = Path(__file__).parents[1] / "openapi.yaml"
SERVED = Path(__file__).parents[1] / "mlaas4hep" / "web" / "openapi.json"
HEADER = "# Made by docs/openapi.py from mlaas4hep/http; edit there.\n"


def text() -> str:
    """Return the document as YAML."""
    plain = json.loads(json.dumps(document()))  # so that YAML sees no value twice
    body = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return f"{HEADER}{body}"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    SERVED.write_text(json.dumps(document(), separators=(",", ":")), encoding="utf-8")
