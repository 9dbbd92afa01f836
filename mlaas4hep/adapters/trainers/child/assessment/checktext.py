"""What the checks of a trained model found, in lines for eyes."""

from collections.abc import Iterator
from typing import Any

_LISTED = 10
_SUSPICIOUS = 0.01  #: p-value below which the parts are told to differ


def to_text(checks: dict[str, Any]) -> str:
    """Return lines for the run's log."""
    return "\n".join((*_overtraining(checks["overtraining"]), *_importance(checks["importance"])))


def _overtraining(found: dict[str, Any] | None) -> Iterator[str]:
    if found is None:
        return
    for one in found["classes"]:
        if one["p_value"] is None:
            continue
        odd = "; it knows what it learned from better" if one["p_value"] < _SUSPICIOUS else ""
        yield (
            f"over-training, class {one['class']}: Kolmogorov-Smirnov {one['ks']:.4f}"
            f" (p = {one['p_value']:.3g}) between train and {found['held_out']}{odd}"
        )


def _importance(found: dict[str, Any] | None) -> Iterator[str]:
    if found is None or not found["branches"]:
        return
    listed = ", ".join(
        f"{one['branch']} {one['drop']:.4f} ± {one['error']:.4f}"
        for one in found["branches"][:_LISTED]
    )
    yield f"what counts (fall of the figure on {found['held_out']} when shuffled): {listed}"
