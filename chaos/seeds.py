"""Seeds that failed once, each with what it was tried on; `seeds.txt` keeps them as tests."""

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "seeds.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What fails in which order."""

    number: int
    site: str  #: laptop or platform
    kinds: tuple[str, ...] = ()  #: of faults; empty: all

    @property
    def line(self) -> str:
        """Return it as `seeds.txt` has it."""
        return " ".join((self.site, str(self.number), ",".join(self.kinds))).strip()


def kept(site: str, file: Path = FILE) -> list[Seed]:
    """Return those that failed on a kind of site."""
    return [seed for seed in map(_seed, file.read_text().splitlines()) if seed.site == site]


def keep(seed: Seed, file: Path = FILE) -> None:
    """Write down that a seed failed."""
    lines = file.read_text().splitlines()
    if seed.line not in lines:
        file.write_text("\n".join([*lines, seed.line, ""]))


def _seed(line: str) -> Seed:
    site, number, *kinds = line.split()
    return Seed(number=int(number), site=site, kinds=tuple(kinds[0].split(",")) if kinds else ())
