"""How much memory a chunk takes, and what is refused because of it."""

from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.planning.plan import Plan
from mlaas4hep.errors import PermanentError

MOST_BYTES = 4 * 1024**3  #: of the numbers of one chunk
_VALUE_BYTES = 4
_LISTED = 3  #: branches that a refusal names


def check_memory(layout: Layout, plan: Plan) -> None:
    """Refuse a plan whose chunks are larger than `MOST_BYTES`.

    Raises:
        PermanentError: with the branches that fill most columns.
    """
    entries = max(plan.size(0), plan.size(plan.chunks - 1))
    size = _VALUE_BYTES * layout.width * entries
    if size <= MOST_BYTES:
        return
    widest = sorted(layout.jagged, key=lambda spec: -spec.width)[:_LISTED]
    named = ", ".join(f"{spec.name} ({spec.width})" for spec in widest)
    cures = "a smaller chunk_size in params.json"
    if widest:
        cures += '; "top" of collections or a slice, x[:10], in preproc.json limits long rows'
    raise PermanentError(
        f"a chunk of {entries} entries with {layout.width} columns would take"
        f" {size / 1024**3:.1f} GB of memory, and {MOST_BYTES // 1024**3} are allowed"
        + (f"; the longest rows are those of {named}" if named else ""),
        hint=cures,
    )
