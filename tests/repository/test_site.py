"""The documentation as a site: whole, made from the code, and without requests to other hosts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ELSEWHERE = re.compile(r'<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')
COMMAND = (sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir")
ENVIRONMENT = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "default"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs", reason="the extra `dev` is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [*COMMAND, folder], cwd=REPOSITORY, env=ENVIRONMENT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("routes", "GET /runs/{name}/features"),
        ("commands", "mlaas4hep login"),
        ("client", "watch(name: str)"),
        ("metrics", "mlaas_requests_total"),
        ("settings", "MLAAS_LOGIN_CLIENT"),
        ("params", "missing_branches"),
    ],
)
def test_the_reference_is_made_from_the_code(site, page, shown):
    assert shown in (site / "reference" / f"{page}.html").read_text(encoding="utf-8")


def test_no_page_asks_another_host(site):
    pages = list(site.rglob("*.html"))

    assert len(pages) > 30
    assert not [
        (page.name, found) for page in pages for found in ELSEWHERE.findall(page.read_text())
    ]


def test_a_link_to_nowhere_fails(tmp_path):
    pytest.importorskip("mkdocs", reason="the extra `dev` is not installed")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[gone](gone.md) [part](#nowhere)\n")
    text = (REPOSITORY / "mkdocs.yml").read_text()
    kept = text[: text.index("hooks:")] + text[text.index("theme:") : text.index("nav:")]
    (tmp_path / "mkdocs.yml").write_text(kept)

    done = subprocess.run(
        [*COMMAND, tmp_path / "site"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "gone.md" in done.stderr
    assert "#nowhere" in done.stderr
