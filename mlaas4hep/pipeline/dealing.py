"""Chunks whose entries are dealt by chance: all of a group are filled while its entries pass by."""

from collections.abc import Callable, Sequence

import numpy as np

from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.planning.mixing import dealt
from mlaas4hep.core.data.planning.plan import Recipe
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.selection.opened import OpenedFile
from mlaas4hep.pipeline.filling import Filling, Shaped, make_chunks
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.labelling import Labelling
from mlaas4hep.pipeline.opentrees import naming
from mlaas4hep.ports import DataSource


def make_together(
    inputs: Inputs,
    specs: Specs,
    recipes: Sequence[Recipe],
    surveys: Callable[[OpenedFile], Survey],
    source: DataSource,
) -> list[memoryview]:
    """Return the bytes of the chunks of these recipes; if they are mixed, they are of one group.

    Raises:
        MlaasError: a file cannot be read or is another one now, or a label is no number.
    """
    mixes = [recipe.mix for recipe in recipes if recipe.mix]
    if not mixes:
        return make_chunks(inputs, specs, recipes, surveys, source)
    group = _mixed(inputs, specs, recipes[0], surveys, source)
    return [
        group[mix.place].sealed(inputs.chunk_content(recipe))
        for mix, recipe in zip(mixes, recipes, strict=True)
    ]


def _mixed(
    inputs: Inputs,
    specs: Specs,
    recipe: Recipe,
    surveys: Callable[[OpenedFile], Survey],
    source: DataSource,
) -> list[Filling]:
    """Return every chunk of a group, filled; `recipe` is that of any of them."""
    assert recipe.mix is not None  # noqa: S101 - the plan of such chunks says how they are mixed
    layout, labelling = Layout.of(specs), Labelling.of(inputs, specs, source)
    chunks = [Filling.of(layout, inputs, size) for size in recipe.mix.sizes]
    places = dealt(recipe.mix)
    for part in recipe.slices:
        file = inputs.opened.files[part.file]
        survey = surveys(file)
        with naming(file):
            for entries in labelling.entries(part, survey):
                here, places = np.split(places, [entries.columns.entries])
                shaped = Shaped.of(layout, entries)
                for number in np.unique(here):
                    rows = shaped.rows(np.flatnonzero(here == number))
                    chunks[number].copy(rows, 0, len(rows.x))
    return chunks
