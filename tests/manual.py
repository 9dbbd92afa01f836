"""The commands of a guide: its indented blocks under their headings, or its fenced ones as a script."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
FENCED = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some lines for a shell."""

    heading: str
    text: str


def blocks(guide: str) -> list[Block]:
    """Return the blocks of `docs/{guide}`, in their order."""
    found = []
    sections = re.split(
        r"^#+ (.+)$", (DOCS / guide).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    for heading, text in zip(sections[1::2], sections[2::2], strict=True):
        for block in re.findall(r"\n\n((?:    .*\n)+)", text):
            lines = [line.removeprefix("    ") for line in block.splitlines()]
            found.append(Block(heading=heading, text="\n".join(lines) + "\n"))
    return found


def script(guide: str) -> str:
    """Return what `docs/{guide}` shows for a shell and for Python as one script for bash."""
    return "\n".join(
        code if language == "sh" else f"python - <<'PYTHON'\n{code}PYTHON"
        for language, code in FENCED.findall((DOCS / guide).read_text(encoding="utf-8"))
    )
