"""The targets of make: those that the guides name are there, and the guides name all that are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPES = (ROOT / "Makefile", ROOT / "deploy/testbed/platform.mk")
GUIDES = (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/adr").glob("*.md"))
HISTORY = ROOT / "CHANGELOG.md"  # tells of targets that are gone, too


def targets() -> set[str]:
    """Return the targets that `make help` lists."""
    text = "".join(path.read_text() for path in RECIPES)
    return set(re.findall(r"^([a-z-]+):.* ## ", text, flags=re.MULTILINE))


def named(guide: Path) -> set[str]:
    """Return what a guide tells its reader to call with make, in code."""
    called = re.compile(r"(?:`|^ *)make ([a-z]+(?:-[a-z]+)*)\b", re.MULTILINE)
    return set(called.findall(guide.read_text()))


def test_every_target_of_a_guide_is_there():
    assert {
        str(guide.relative_to(ROOT)): unknown
        for guide in GUIDES
        if guide != HISTORY and (unknown := named(guide) - targets())
    } == {}


def test_every_target_is_in_a_guide():
    known = set().union(*(named(guide) for guide in GUIDES if guide != HISTORY))

    assert targets() - known == set()
