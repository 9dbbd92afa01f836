"""JSON schemas that several routes share; those of one noun stand beside that noun."""

from typing import Any

Schema = dict[str, Any]

JSON = "application/json"
TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "pattern": "^[A-Za-z0-9](?:[A-Za-z0-9_-]|\\.(?!\\.|$)){0,63}$"}
FOLDER: Schema = {"type": "string", "pattern": NAME["pattern"], "maxLength": 50}
FLAG: Schema = {"type": "boolean", "default": False}
OBJECT: Schema = {"type": "object", "additionalProperties": True}
FILE: Schema = {"type": "string", "format": "binary"}
ELSEWHERE: Schema = {}  #: of an answer without a body, whose header says where it is


def ref(name: str) -> Schema:
    """Return a reference to a named schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def whole(highest: int, default: int | None = None) -> Schema:
    """Return the schema of a whole number from 0 to `highest`."""
    schema: Schema = {"type": "integer", "minimum": 0, "maximum": highest}
    return schema if default is None else {**schema, "default": default}
