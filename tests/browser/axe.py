"""What axe-core finds on a page."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def _script():
    (folder,) = find_spec("axe_playwright_python").submodule_search_locations
    return (Path(folder) / "axe.min.js").read_text(encoding="utf-8")


def serious(page):
    """Return the rules that the page breaks seriously, with the elements."""
    page.evaluate(_script())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return {
        broken["id"]: [node["html"][:160] for node in broken["nodes"][:3]]
        for broken in found["violations"]
        if broken["impact"] in ("serious", "critical")
    }
