"""The words in which openapi.yaml describes operations, and the bodies that people send."""

from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "pattern": "^[A-Za-z0-9](?:[A-Za-z0-9_-]|\\.(?!\\.|$)){0,63}$"}
FOLDER: Schema = {"type": "string", "pattern": NAME["pattern"], "maxLength": 50}
FLAG: Schema = {"type": "boolean", "default": False}
OBJECT: Schema = {"type": "object", "additionalProperties": True}
FILE: Schema = {"type": "string", "format": "binary"}
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg:
    """One argument in the query, or in the path."""

    name: str
    about: str
    schema: Schema = field(default_factory=lambda: TEXT)
    required: bool = False
    where: str = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent, in one or several forms."""

    forms: dict[str, Schema]  #: by media type
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one operation takes and gives."""

    gives: Any  #: one of our types, or a schema
    tag: str
    args: tuple[Arg, ...] = ()
    body: Body | None = None
    status: int = 200
    media: str = JSON
    errors: tuple[int, ...] = ()  #: besides 400, 401 and 503
    also: tuple[tuple[int, str], ...] = ()  #: other good answers: status and name of a schema


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


_MEMBER: Schema = {"type": "string", "maxLength": 256}
SUBMISSION: Schema = {
    "type": "object",
    "description": "The file names are those inside the tarball.",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {**FOLDER, "description": "Of the upload."},
        "device": {"enum": ["cpu", "gpu"], "default": "cpu"},
        "memory": {
            "type": "string",
            "pattern": "^[1-9][0-9]{0,5}[kmgKMG]b?$",
            "default": "3gb",
        },
        "cpus": {"type": "string", "pattern": "^[1-9][0-9]{0,2}$", "default": "2"},
        "files": {**_MEMBER, "default": "files.txt"},
        "labels": {**_MEMBER, "default": "labels.txt"},
        "model": {**_MEMBER, "default": "model.py"},
        "params": {**_MEMBER, "default": "params.json"},
        "preproc": {
            **_MEMBER,
            "description": "Without it, preproc.json is used if the tarball has one; empty: none.",
        },
        "title": {"type": "string", "maxLength": 256, "default": ""},
        "fout": {"type": "string", "maxLength": 256, "description": "Accepted and not used."},
    },
}
MANIFEST: Schema = {
    "type": "object",
    "description": "What GET /runs/NAME/manifest gave; makes the same run again.",
    "required": ["submission", "tarball"],
    "properties": {"submission": ref("Submission"), "tarball": OBJECT},
}
SHARING: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "public": {"type": "boolean", "default": False},
        "groups": {"type": "array", "items": {"type": "string"}, "default": []},
    },
}
SCORING: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["model", "files"],
    "properties": {
        "model": {**NAME, "description": "One that was trained here."},
        "owner": {"type": "string", "description": "Whose it is, if it is shared with you."},
        "files": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string"},
            "description": "root://, https://, /store/…, or names in `upload`; with `:tree`.",
        },
        "tree": {"type": "string", "description": "The one of the training, if not given."},
        "upload": {"type": "string", "description": "The tarball that holds files."},
        "format": {"enum": ["parquet", "root"], "default": "parquet"},
        "title": {"type": "string", "maxLength": 256},
    },
}
SCHEMAS: dict[str, Schema] = {
    "Submission": SUBMISSION,
    "Manifest": MANIFEST,
    "Sharing": SHARING,
    "Scoring": SCORING,
}
