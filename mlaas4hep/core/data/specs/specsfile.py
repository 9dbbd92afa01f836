"""The specs as JSON that the ancestor reads and writes, with our own keys beside its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mlaas4hep.core import wire
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.core.data.values.treatment import Treatment
from mlaas4hep.core.data.weights import WeightSum
from mlaas4hep.errors import InvalidRequestError

SCHEMA_VERSION = 1
NOTHING = 1e15  #: the ancestor's low of a branch without values; its high is -NOTHING


def to_ancestor(
    specs: Specs,
    file_names: Sequence[str],
    *,
    entries: Sequence[int] = (),
    inputs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the JSON of design.md 5.3.

    Args:
        specs: what was measured.
        file_names: as the person wrote them, in the order of the request.
        entries: counts for `events`, one a file; without it, the entries that passed.
        inputs: file name → identity hash.
    """
    counts = entries or [specs.passed_of(file) for file in range(len(file_names))]
    events: dict[str, int] = {}
    for name, count in zip(file_names, counts, strict=True):
        events[name] = events.get(name, 0) + count
    flat = [spec for spec in specs.branches if not spec.jagged]
    jagged = [spec for spec in specs.branches if spec.jagged]
    return {
        "jdim": {spec.name: spec.width for spec in jagged},
        "minv": {s.name: NOTHING if s.low is None else s.low for s in specs.branches},
        "maxv": {s.name: -NOTHING if s.high is None else s.high for s in specs.branches},
        "fkeys": [spec.name for spec in flat],
        "jkeys": [spec.name for spec in jagged],
        "nans": {spec.name: _normalised_zero(spec) for spec in specs.branches},
        "events": events | {"total": sum(counts)},
        "schema_version": SCHEMA_VERSION,
        "files": list(file_names),
        "ranges": [[c.file, c.start, c.stop, c.passed] for c in specs.ranges],
        "not_finite": {
            s.name: {"nan": s.nan, "inf": s.inf} for s in specs.branches if s.nan or s.inf
        },
        "exact": {s.name: list(s.exact) for s in specs.branches if s.exact},
        "texts": {s.name: list(s.texts) for s in specs.branches if s.texts is not None},
        "treatments": {s.name: asdict(s.treatment) for s in specs.branches if s.treatment},
        "inputs": dict(inputs or {}),
    } | ({"weights": [asdict(found) for found in specs.weights]} if specs.weights else {})


def from_ancestor(body: Mapping[str, Any]) -> Specs:
    """Return the specs in a file that we or the ancestor wrote.

    Raises:
        InvalidRequestError: a key is missing or has the wrong type; the message names it.
    """
    try:
        specs = [_branch(body, name, jagged=False) for name in body["fkeys"]]
        specs += [_branch(body, name, jagged=True) for name in body["jkeys"]]
        ranges = [
            RangeCount(file=int(file), start=int(start), stop=int(stop), passed=int(passed))
            for file, start, stop, passed in body.get("ranges", _whole_files(body))
        ]
        weights = tuple(WeightSum(**found) for found in body.get("weights", ()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRequestError(
            f"this is not a specs file: {error!r}",
            hint="write it with `mlaas4hep specs`, or with the ancestor's reader",
        ) from error
    return Specs(
        branches=tuple(sorted(specs, key=lambda spec: spec.name)),
        ranges=tuple(sorted(ranges)),
        weights=weights,
    )


def _branch(body: Mapping[str, Any], name: str, *, jagged: bool) -> BranchSpec:
    low, high = float(body["minv"][name]), float(body["maxv"][name])
    lost = body.get("not_finite", {}).get(name, {})
    exact = body.get("exact", {}).get(name)
    texts = body.get("texts", {}).get(name)
    treatment = body.get("treatments", {}).get(name)
    return BranchSpec(
        name=name,
        jagged=jagged,
        low=low if low <= high else None,
        high=high if low <= high else None,
        width=int(body["jdim"][name]) if jagged else 1,
        nan=int(lost.get("nan", 0)),
        inf=int(lost.get("inf", 0)),
        exact=(int(exact[0]), int(exact[1])) if exact else None,
        texts=None if texts is None else tuple(map(str, texts)),
        treatment=wire.load(Treatment, json.dumps(treatment).encode()) if treatment else None,
    )


def _whole_files(body: Mapping[str, Any]) -> list[tuple[int, int, int, int]]:
    """Return one range a file: the ancestor keeps no more than the number of entries."""
    counts = [int(count) for name, count in body.get("events", {}).items() if name != "total"]
    return [(file, 0, count, count) for file, count in enumerate(counts)]


def _normalised_zero(spec: BranchSpec) -> float:
    """Return what the value 0 becomes; of a constant branch its value, as the ancestor does."""
    if spec.low is None or spec.high is None:
        return 0.0
    if spec.low == spec.high:
        return spec.high
    return -spec.low / (spec.high - spec.low)
