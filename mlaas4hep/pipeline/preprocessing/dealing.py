"""Chunks whose entries are dealt by chance: all of a group are filled while its entries pass by."""

from collections.abc import Mapping

import numpy as np

from mlaas4hep.core.data.planning.mixing import dealt
from mlaas4hep.core.data.planning.plan import Recipe
from mlaas4hep.pipeline.opentrees import errors_about
from mlaas4hep.pipeline.preprocessing.filling import Filling, ShapedEntries, make_chunks
from mlaas4hep.pipeline.preprocessing.preparation import Preparation


def make_together(preparation: Preparation, recipes: Mapping[str, Recipe]) -> list[memoryview]:
    """Return the bytes of the chunks of these recipes; if they are mixed, they are of one group.

    Args:
        preparation: of the run.
        recipes: by the digest of everything that the chunk depends on.

    Raises:
        MlaasError: a file cannot be read or is another one now, or a label is no number.
    """
    mixes = [(content, recipe.mix) for content, recipe in recipes.items() if recipe.mix]
    if not mixes:
        return make_chunks(preparation, recipes)
    group = _mixed(preparation, next(iter(recipes.values())))
    return [group[mix.place].sealed(content) for content, mix in mixes]


def _mixed(preparation: Preparation, recipe: Recipe) -> list[Filling]:
    """Return every chunk of a group, filled; `recipe` is that of any of them."""
    assert recipe.mix is not None  # noqa: S101 - the plan of such chunks says how they are mixed
    layout, inputs = preparation.layout, preparation.inputs
    chunks = [Filling.of(layout, inputs, size) for size in recipe.mix.sizes]
    places = dealt(recipe.mix)
    for part, blocks in preparation.each(recipe.slices):
        with errors_about(inputs.opened.files[part.file]):
            for entries in blocks:
                here, places = np.split(places, [entries.columns.entries])
                shaped = ShapedEntries.of(layout, entries)
                for number in np.unique(here):
                    rows = shaped.rows(np.flatnonzero(here == number))
                    chunks[number].copy(rows, 0, len(rows.x))
    return chunks
