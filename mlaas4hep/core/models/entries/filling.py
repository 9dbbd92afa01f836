"""Raw entries without a branch that files of the training lacked, too: filled as it was there."""

from collections.abc import Mapping
from typing import Any

from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.models.entries.schema import Schema


def filled_entry(schema: Schema, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an entry with `null`, rows of it or no text where it may lack a branch."""
    if not schema.gaps or not isinstance(entry, Mapping) or schema.required <= entry.keys():
        return entry
    kinds = {gap.name: gap.branch for gap in schema.gaps}
    missing = schema.row_lengths.filled_by(entry.keys())
    found = {name: _nothing(kinds[name], entry.get(like)) for name, like in missing.items()}
    return {**entry, **found}


def filled_branches(schema: Schema, branches: Mapping[str, Any], entries: int) -> Mapping[str, Any]:
    """Return lists of `entries` values, with those of branches that they may lack."""
    if not schema.gaps or schema.required <= branches.keys():
        return branches
    kinds = {gap.name: gap.branch for gap in schema.gaps}
    found = {}
    for name, like in schema.row_lengths.filled_by(branches.keys()).items():
        beside = branches[like] if like else [None] * entries
        found[name] = [_nothing(kinds[name], row) for row in beside]
    return {**branches, **found}


def _nothing(branch: BranchInfo, beside: Any) -> Any:
    """Return what stands for no value, in a row as long as the one beside it."""
    if branch.jagged:
        return [None] * (len(beside) if isinstance(beside, list) else 0)
    return "" if branch.is_text else None
