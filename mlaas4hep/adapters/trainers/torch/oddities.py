"""What a module does that its author may not expect of a prediction."""

from typing import Any

import torch

from mlaas4hep.adapters.native.torch import at_rest, element_type, outputs_of, place_of

_ROWS = 8
_NEAR, _ROUGHLY = 1e-3, 3e-2  #: relative to the larger of 1 and the output: rounding does less


def oddities(module: Any, columns: int) -> tuple[str, ...]:
    """Return whether predictions of an entry depend on chance, or on the entries beside it."""
    random = torch.Generator().manual_seed(0)
    rows = torch.rand(_ROWS, columns, generator=random)
    rows = rows.to(place_of(module), element_type(module))
    with at_rest(module), torch.random.fork_rng(devices=[]), torch.no_grad():
        first, again = (outputs_of(module, rows.clone()) for _ in range(2))
        try:
            alone = outputs_of(module, rows[:1].clone())
        except Exception as error:  # noqa: BLE001 - somebody's program
            why = str(error).partition("\n")[0]
            return (f"the module does not take one entry alone: {why}",)
    if not _agree(first, again):
        return ("the module gives other numbers for the same entries each time, also in eval()",)
    if not _agree(first[:1], alone):
        return ("what the module gives for an entry depends on the entries beside it in a batch",)
    return ()


def _agree(some: Any, others: Any) -> bool:
    near = _NEAR if some.dtype in (torch.float32, torch.float64) else _ROUGHLY
    some, others = some.double(), others.double()
    return bool(torch.isclose(some, others, rtol=near, atol=near, equal_nan=True).all())
