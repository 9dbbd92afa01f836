"""Chunks as `.npz` files with a manifest, for people who want the arrays."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mlaas4hep.core import wire
from mlaas4hep.core.data.chunk import Chunk, decode, encode
from mlaas4hep.core.data.planning.draws import Draws
from mlaas4hep.core.data.planning.mixing import MixedPlan
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.selection.openedfiles import OpenedFiles
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.preprocessing.dealing import make_together
from mlaas4hep.pipeline.preprocessing.preparation import Preparation
from mlaas4hep.pipeline.surveys import survey
from mlaas4hep.ports import Services

MANIFEST = "manifest.json"
MADE = "made.json"
DRAWS = "draws.npz"  #: which entries train and validate, for `mlaas4hep train`

OnChunk = Callable[[int, int], None]  #: is told how many chunks are written, and of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a folder of chunks was made from; a training needs it for the bundle's contract."""

    inputs: Inputs
    specs: Specs

    @property
    def chunks(self) -> int:
        """Return the number of chunks."""
        return self.inputs.opened.plan(self.inputs.request, self.specs).chunks


def only_features(specs: Specs, opened: OpenedFiles) -> Specs:
    """Return specs without branches that are no features here, such as the label.

    Raises:
        InvalidRequestError: a feature was not measured.
    """
    wanted = set(opened.branches.features)
    missing = sorted(wanted - {spec.name for spec in specs.branches})
    if missing:
        raise InvalidRequestError(
            f"branch {missing[0]!r} is not in the specs",
            branch=missing[0],
            hint="measure the specs again, with the same params.json and preproc.json",
        )
    kept = tuple(spec for spec in specs.branches if spec.name in wanted)
    return replace(specs, branches=kept)


def write(made: Origin, out: Path, services: Services, on_chunk: OnChunk) -> dict[str, Any]:
    """Write every chunk and the manifest into a folder, and return the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    plan = made.inputs.opened.plan(made.inputs.request, made.specs)
    names = [f"chunk_{index:05d}.npz" for index in range(plan.chunks)]
    surveys = partial(survey, reads=made.inputs.opened.branches.reads, services=services)
    preparation = Preparation.of(made.inputs, made.specs, surveys, services.source)
    draws: dict[str, Draws] = {}
    groups = (
        plan.made_together() if isinstance(plan, MixedPlan) else ([i] for i in range(len(names)))
    )
    for group in groups:
        recipes = (plan.recipe(index) for index in group)
        made_of = make_together(
            preparation, {made.inputs.chunk_content(recipe): recipe for recipe in recipes}
        )
        for index, data in zip(group, made_of, strict=True):
            chunk = decode(data)
            _write_arrays(out / names[index], chunk)
            draws[names[index]] = chunk.draws
            on_chunk(index + 1, plan.chunks)
    manifest = {
        "columns": preparation.layout.columns,
        "chunks": names,
        "entries": [plan.size(index) for index in range(plan.chunks)],
        "files": [file.name for file in made.inputs.opened.files],
        "identifiers": made.inputs.opened.branches.identifiers,
        "classes": made.inputs.request.labels.classes,
    }
    np.savez(out / DRAWS, allow_pickle=False, **draws)
    (out / MADE).write_bytes(wire.dump(made))
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _write_arrays(path: Path, chunk: Chunk) -> None:
    mask = chunk.mask
    x = np.where(mask, np.float32(np.nan), chunk.x)
    more = {"weights": chunk.weights, "parts": chunk.parts}  #: one for each entry, if there are any
    there: dict[str, Any] = {name: array for name, array in more.items() if array is not None}
    np.savez(path, x=x, mask=mask, y=chunk.y, **there)


def read_made(folder: Path) -> Origin:
    """Return what a folder of chunks was made from.

    Raises:
        InvalidRequestError: it was not made by `write`.
    """
    try:
        return wire.load(Origin, (folder / MADE).read_bytes())
    except OSError as error:
        raise InvalidRequestError(
            f"{str(folder)!r} holds no chunks: {MADE} cannot be read",
            hint="make them with: mlaas4hep chunks --out DIR",
        ) from error


def read_chunks(folder: Path, contents: Callable[[int], str]) -> Iterator[memoryview]:
    """Yield the chunks of a folder in order, as functions hand them to each other.

    Args:
        folder: that `write` wrote.
        contents: gives the digest of what each chunk is made of.

    Raises:
        InvalidRequestError: one cannot be read.
    """
    draws = _read_draws(folder / DRAWS)
    names = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["chunks"]
    for index, name in enumerate(names):
        try:
            with np.load(folder / name, allow_pickle=False) as arrays:
                x, y = np.ascontiguousarray(arrays["x"]), arrays["y"]
                more = {name: arrays[name] for name in ("weights", "parts") if name in arrays}
        except (OSError, ValueError, KeyError) as error:
            raise InvalidRequestError(f"chunk {name!r}: {error}", file=name) from error
        holes = np.flatnonzero(~np.isfinite(x))
        x.reshape(-1)[holes] = 0
        yield encode(x, y, holes=holes, draws=draws.get(name), content=contents(index), **more)


def _read_draws(path: Path) -> dict[str, Draws]:
    """Return the draws of each chunk; none if the folder is of an earlier release."""
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
