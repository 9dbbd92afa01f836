"""Texts of people and of other programs: params, preproc, lists of files, expressions, events."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from fuzz.target import Read, Target
from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.requests.inputs import filelist
from mlaas4hep.core.requests.inputs.files import parse_files
from mlaas4hep.core.requests.inputs.labellist import parse_labels
from mlaas4hep.core.requests.params.params import parse_params
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.requests.scan import parse_scan
from mlaas4hep.core.requests.submission import parse_submission
from mlaas4hep.core.requests.tarballs import tarball
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import ChunkPlanned, RangePlanned, RunSubmitted
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.call import object_of
from mlaas4hep.http.predict.inference import v2_bodies
from mlaas4hep.http.predict.tfaas.messages import read_row
from mlaas4hep.http.predict.tfaas.pixels import pixels
from tests.people import FOLDER, SUBMISSION, pack

_MAX_TAR_BYTES = 64 * 1024**2
_EXPRESSIONS = (
    b"sqrt(px**2 + py**2)",
    b"0 <= n <= 2 && !(x > 1e3)",
    b"sum(Jet_pt[Jet_pt > 25 && abs(Jet_eta) < 2.4]) > 200",
    b"Jet_pt[0] > 30 ? Jet_pt : sort(Jet_pt)",
    b"atan2(Jet_pt[0], Jet_eta[1]) + Sum$(Jet_pt) / max(Jet_eta)",
    b"event % 5 == 0",
)
_PARAMS = json.dumps(
    {
        **json.loads(FOLDER["params.json"]),
        "chunk_size": 1000,
        "weight": "w * 2",
        "validation": "event % 5 == 0",
        "arguments": {"width": 64},
        "seed": 3,
    }
).encode()
_PREPROC = json.dumps(
    {
        "collections": {"Jet": {"where": "Jet_pt > 25", "sort_by": "Jet_pt", "top": 5}},
        "new_branch": {"m": {"def": "sqrt(px**2)", "type": "flat", "cut_1": "m > 1"}},
        "flat_cut": {"n": {"cut": "0<=n<=2", "remove": "True"}},
        "jagged_cut": {"Jet_pt": {"cut": ["Jet_pt > 20", "any"], "remove": "False"}},
    }
).encode()
_SCAN = json.dumps(
    {
        "method": "random",
        "trials": 4,
        "params": {"epochs": [1, 2]},
        "arguments": {"w": {"low": 1, "high": 2}},
    }
).encode()
_FILES = (
    b"root://server.example//store/a.root\ndata/b.root:tree | https://x/b.root\n# no\nc.root\n",
    b'[{"file": "a.root", "label": 1, "weight": 2.0, "xsec": 3.1, "sample": "s"}]',
)
_EVENTS = tuple(
    cloudevents.dump_event(event)
    for event in (
        RunSubmitted(owner="o", run="luca_1"),
        RangePlanned(owner="o", run="luca_1", index=0, file=0, start=0, stop=10),
        ChunkPlanned(owner="o", run="luca_1", index=0, specs="o/merged/1.json"),
    )
)
_TENSOR = {"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}
_BINARY = json.dumps({"inputs": [_TENSOR]}).encode()
_V2 = json.dumps(
    {
        "id": "1",
        "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2.5, -3, 4]}],
        "outputs": [{"name": "y", "parameters": {"binary_data": True}}],
    }
).encode()
_ROW = b"\x0a\x02ab\x0a\x01c\x12\x08" + np.array([1, 2], "<f4").tobytes() + b"\x1a\x04luca"


def _text(parse: Callable[[str], object]) -> Callable[[Path], Read]:
    return lambda _folder: lambda data: parse(data.decode("utf-8", "surrogateescape"))


def _bytes(parse: Read) -> Callable[[Path], Read]:
    return lambda _folder: parse


def _files(text: str) -> object:
    filelist.has_labels(text)
    files = parse_files(text, Params(), str)
    return parse_labels(text, files)


def _expression(_folder: Path) -> Read:
    rows = Jagged(content=np.arange(9.0), offsets=np.array([0, 2, 2, 5, 9]))
    flat = {name: np.arange(4.0) for name in ("px", "py", "n", "x", "event")}
    jagged = {"Jet_pt": rows, "Jet_eta": rows}
    columns = Columns(entries=4, flat=flat, jagged=jagged)

    def read(data: bytes) -> object:
        expression = Expression.parse(data.decode("utf-8", "surrogateescape"))
        if not expression.names <= flat.keys() | jagged.keys():
            raise InvalidRequestError("another name")
        expression.is_jagged(jagged.keys())
        with np.errstate(all="ignore"):
            return expression.evaluate(columns)

    return read


def _tarball(data: bytes) -> object:
    return [file.content.read() for file in tarball.members(io.BytesIO(data), _MAX_TAR_BYTES)]


def _infer(data: bytes) -> object:
    with suppress(InvalidRequestError):
        v2_bodies.parse(data, "")
    return v2_bodies.parse(data, str(min(len(data), len(_BINARY))))


def _scan(data: bytes) -> object:
    return parse_scan(object_of(data))


def _images(_folder: Path) -> list[bytes]:
    found = []
    for form, how in (("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True})):
        file = io.BytesIO()
        noise = np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)
        Image.fromarray(noise).save(file, form, **how)
        found.append(file.getvalue())
    return found


_IMAGE = Target(
    name="image",
    make=_bytes(lambda data: pixels(data, (8, 8, 3))),
    seeds=_images,
    words=(b"\xff\xda", b"\xff\xc0", b"IDAT", b"IHDR", b"zTXt", b"iCCP"),
)
_JSON = tuple(
    each.encode()
    for each in ('"', ":", ",", "{", "}", "[", "]", "null", "true", "1", "-1.5", '"branch"')
)
_SYNTAX = (b"(", b")", b"[", b"]", b"&&", b"!", b"**", b"?", b":", b"Jet_pt", b"n", b"sum(", b",")

TARGETS = (
    _IMAGE,
    *(
        Target(name=name, make=make, seeds=lambda _folder, seeds=seeds: seeds, words=words, share=4)
        for name, make, seeds, words in (
            (
                "params.json",
                _text(lambda text: parse_params(text, lambda _: None)),
                [_PARAMS],
                _JSON,
            ),
            ("preproc.json", _text(Preproc.parse), [_PREPROC], (*_JSON, *_SYNTAX)),
            ("files.txt", _text(_files), _FILES, (b"|", b":", b"*", b"root://", b" 1 ")),
            ("submission", _bytes(parse_submission), [json.dumps(SUBMISSION).encode()], _JSON),
            ("scan", _bytes(_scan), [_SCAN], _JSON),
            ("expression", _expression, _EXPRESSIONS, _SYNTAX),
            ("tarball", _bytes(_tarball), [pack(FOLDER, mode=mode) for mode in ("w", "w:gz")], ()),
            ("event", _bytes(cloudevents.load_event), _EVENTS, _JSON),
            ("V2 tensors", _bytes(_infer), [_BINARY + bytes(16)], _JSON),
            ("V2 body", _bytes(lambda data: v2_bodies.parse(data, "")), [_V2], _JSON),
            ("protobuf", _bytes(read_row), [_ROW], ()),
        )
    ),
)
