"""What is printed in the end."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median

from chaos.reading import Reading
from chaos.wave import Hit


def show(hits: Sequence[Hit], reading: Reading) -> None:
    """Print how often each fault happened, how long runs stood still after it, and what it cost."""
    kinds = Counter(hit.kind for hit in hits)
    print(f"{len(hits)} faults:", ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    table: dict[str, list[float]] = defaultdict(list)
    for hit in hits:
        if hit.healed_s is not None:
            table[hit.kind].append(hit.healed_s)
            table[hit.name].append(hit.healed_s)
    print("seconds from the end of a fault until a run went on, by kind and one by one:")
    print(f"{'fault':36}{'times':>6}{'median':>8}{'worst':>8}")
    for name, each in sorted(table.items(), key=lambda item: (item[0] not in kinds, item[0])):
        print(f"{name:36}{len(each):6}{median(each):8.1f}{max(each):8.1f}")
    again, needed = reading.again_bytes, reading.needed_bytes
    share = f"{again / needed:.1%}" if needed else "nobody may count here"
    print(f"read of input files: {reading.read_bytes} bytes, {again} of them twice ({share})")
