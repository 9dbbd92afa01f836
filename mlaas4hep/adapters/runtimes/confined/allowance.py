"""What a model in a process of its own may take."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Limits of the models of one engine."""

    children: int  #: processes at once
    children_of_owner: int  #: of them, for the models of one owner
    memory_bytes: int  #: of a process
    load_s: float = 120.0
    fair_load_s: float = 30.0  #: to be loaded while an owner without a process waits for one
    run_s: float = 30.0  #: for one batch
    fair_run_s: float = (
        10.0  #: of a model that is not proven, while an owner without a process waits
    )


LIGHT = Allowance(
    children=8,
    children_of_owner=5,
    memory_bytes=1024**3,
    load_s=30.0,
    fair_load_s=10.0,
    run_s=10.0,
    fair_run_s=3.0,
)  #: LiteRT and ONNX Runtime, which start in a second with 60 MB
HEAVY = Allowance(children=3, children_of_owner=2, memory_bytes=4 * 1024**3)  #: whole frameworks
REHEARSAL = replace(LIGHT, children=4, children_of_owner=1, fair_load_s=3.0)  #: see litert/rehearse
ALLOWANCES = {
    "litert": LIGHT,
    "onnx": LIGHT,
    "tensorflow": HEAVY,
    "native": HEAVY,
    "rehearsal": REHEARSAL,
}
