"""Which entries validate, if a person says it by an expression, and which fold each belongs to."""

from dataclasses import dataclass

MOST_FOLDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """How entries are split, if not by chance."""

    validation: str = ""  #: an expression; entries for which it is true validate
    folds: int = 0  #: models, each trained without one fold; 0: one model
    fold_by: str = ""  #: an expression of whole numbers; the fold is the rest of its division

    @property
    def is_stored(self) -> bool:
        """Tell whether chunks hold a part for each entry."""
        return bool(self.validation or self.folds)
