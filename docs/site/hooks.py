"""What MkDocs does besides: pages made from code, and pages that stand at the top of the clone."""

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parents[1]
sys.path.insert(0, str(DOCS.parent))  # so that the reference is that of this clone

from docs.site import reference

#: Files of the clone that are a part of the site, too.
TOP = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "openapi.yaml")
#: Their links to what is no part of it become plain text: there is no public address to point to.
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add pages that are made, and those of the top."""
    for address, text in reference.pages(DOCS).items():
        files.append(File.generated(config, address, content=text))
    for name in TOP:
        files.append(File.generated(config, name, abs_src_path=str(DOCS.parent / name)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:  # noqa: ARG001
    """Let links work where the page stands on the site."""
    is_top = page.file.src_uri in TOP

    def moved(found: re.Match[str]) -> str:
        text, target, part = found[1], found[2], found[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        plain = target.removeprefix("docs/") if is_top else _from_docs(page.file.src_uri, target)
        if is_top or plain != target:
            known = files.get_file_from_path(plain) is not None
            return f"[{text}]({plain}{part})" if known else _checked(found, text, target, is_top)
        return found[0]

    return _LINK.sub(moved, markdown)


def _from_docs(source: str, target: str) -> str:
    """Return a target above docs/ by where it stands on the site."""
    up = "../" * (source.count("/") + 1)
    return target.removeprefix(up) if target.startswith(up) else target


def _checked(found: re.Match[str], text: str, target: str, is_top: bool) -> str:
    """Return the text of a link to a file of the clone; one to nothing is kept, and refused."""
    root = DOCS.parent if is_top else DOCS
    return text if (root / target).exists() else found[0]
