"""How much confinement an operator demands (`MLAAS_SANDBOX`), and what counts for it."""

from collections.abc import Collection
from typing import Literal, get_args

Demand = Literal["any", "required", "full"]

DEMANDS: tuple[Demand, ...] = get_args(Demand)
_ALWAYS = ("no new privileges", "no capabilities", "landlock", "seccomp")
_NAMESPACES = ("user namespace", "network namespace", "ipc namespace", "read-only mounts")
_NEEDED = {"any": (), "required": _ALWAYS, "full": (*_ALWAYS, *_NAMESPACES)}


class ConfinementError(Exception):
    """The kernel does not offer what the operator demands; nothing foreign was run."""


def check(reached: Collection[str], demand: str) -> None:
    """Raise ConfinementError if `reached` lacks something."""
    missing = [each for each in _NEEDED[demand] if each not in reached]
    if missing:
        raise ConfinementError(
            f"this deployment runs nobody's program without {', '.join(missing)}, "
            "which the kernel of this node does not offer"
        )
