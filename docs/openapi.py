"""Write openapi.yaml from the tables that route the requests: `python docs/openapi.py`."""

import json
from pathlib import Path

import yaml

from mlaas4hep.http.openapi.document import document

TARGET = Path(__file__).parents[1] / "openapi.yaml"
HEADER = "# Made by docs/openapi.py from mlaas4hep/http; edit there.\n"


def text() -> str:
    """Return the document as YAML."""
    plain = json.loads(json.dumps(document()))  # so that YAML sees no value twice
    body = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return f"{HEADER}{body}"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
