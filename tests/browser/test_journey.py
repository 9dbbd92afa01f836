"""From a link to a score on a real laptop platform, in a real browser."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlaas4hep.client import Client
from mlaas4hep.laptop import issuer, signin
from tests.browser.axe import serious
from tests.browser.conftest import NARROW
from tests.laptops import Laptop

EXAMPLE = Path(__file__).parents[2] / "examples" / "jets"
PARAMS = {
    "nevts": 4000,
    "chunk_size": 2000,
    "epochs": 4,
    "batch_size": 100,
    "metrics": {"threshold": 0.5},
    "hist": "pdfs",
}
SCAN = {"params": {"batch_size": [50, 200], "epochs": [2, 4]}, "figure": "test_auc"}

#: a curve; figures of a round are stored after it is told
SEVERAL_ROUNDS = ".chart[data-points]:not([data-points='1']):not([data-points='2'])"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the jets example with its files, and figures and histograms asked for."""
    pytest.importorskip("tensorflow", reason="the extra `demo` is not installed")
    made = tmp_path_factory.mktemp("upload") / "jets"
    shutil.copytree(EXAMPLE, made, ignore=shutil.ignore_patterns("*.root", "model"))
    subprocess.run([sys.executable, made / "get_data.py"], check=True, capture_output=True)
    (made / "params.json").write_text(json.dumps(PARAMS))
    return made


@pytest.fixture(scope="module")
def laptop(tmp_path_factory, chromium):
    with Laptop(tmp_path_factory.mktemp("state") / "mlaas4hep") as running:
        yield running


def test_from_a_link_to_a_score_and_away_again(laptop, folder, visit):
    luca = visit()
    page = luca.page
    link = signin.link(laptop.state, laptop.urls[0], "luca")
    page.goto(link)
    page.get_by_role("heading", name="Runs").wait_for()
    upload(page, folder)
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("heading", name="What it would do").wait_for(timeout=90_000)
    page.locator("dl.figures", has_text="Reading").wait_for()
    page.get_by_text("Not included: the training: no run of this model.py").wait_for()
    luca.shot("new-run")
    page.get_by_role("button", name="Submit").click()

    page.get_by_role("heading", name="jets_1").wait_for(timeout=60_000)
    page.locator("progress[aria-label=Train]").wait_for()
    page.locator(".u-over").first.wait_for(timeout=120_000)  # curves, while it trains
    page.get_by_text(re.compile(r"[3-8]/8 rounds")).wait_for(timeout=120_000)
    page.locator(SEVERAL_ROUNDS).first.wait_for()
    luca.shot("run-live")
    page.locator("[role=status].tag.done").wait_for(timeout=120_000)
    for tab, shown in [
        ("Data", "Distributions"),
        ("Quality", "ROC curve"),
        ("Try it", "One entry"),
    ]:
        page.get_by_role("link", name=tab, exact=True).click()
        page.get_by_role("heading", name=shown).wait_for(timeout=60_000)
        page.locator("canvas, .fields").first.wait_for()
        assert serious(page) == {}, tab
        luca.shot(tab.lower().replace(" ", "-"))
    assert_predicts(luca)
    for path, name, shown in [
        ("models/jets_1", "model", "Who may use it"),
        ("me", "me", "What I use"),
        ("runs", "runs", "Runs"),
    ]:
        page.goto(f"{page.url.split('#')[0]}#/{path}")
        page.get_by_role("heading", name=shown).wait_for()
        page.locator("main table").first.wait_for()
        if name == "model":
            assert "MET_significance" in page.get_by_role("table", name="Ranges").inner_text()
            assert "signal.root" in page.get_by_role("table", name="Provenance").inner_text()
            versions = page.get_by_role("table", name="Versions")
            versions.get_by_role("textbox").fill("production")
            versions.get_by_text("Name it").click()
            versions.get_by_text("production").wait_for()
        assert serious(page) == {}, name
        luca.shot(name)

    assert_opens_a_promoted_model(page, laptop)
    assert_fits_a_telephone(page)
    page.goto(f"{page.url.split('#')[0]}#/runs/jets_1")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("No run yet").wait_for()
    assert luca.hosts == {laptop.urls[0].split("/")[2]}
    assert luca.errors == []

    assert_shows_the_graph(visit(), laptop)
    stranger = visit()
    stranger.page.goto(link)
    stranger.page.get_by_role("heading", name="This link has been used").wait_for()


def test_administrators_see_how_the_functions_do(laptop, visit):
    root = visit()
    root.sign_in(
        f"{laptop.urls[1]}/ui/", issuer.token(laptop.state, "root", groups=("mlaas-admins",))
    )
    root.page.goto(f"{laptop.urls[1]}/ui/#/admin")
    functions = root.page.get_by_role("table", name="Functions")
    functions.wait_for()
    rows = {
        row.split("\t")[0]: row.split("\t")[-1]
        for row in functions.locator("tbody tr").all_inner_texts()
    }
    assert {"specs", "chunk-preprocess", "train"} <= rows.keys()
    assert {rows[name] for name in ("specs", "chunk-preprocess", "train")} == {"keeps up"}


def test_the_page_of_the_api_asks_as_who_is_signed_in(laptop, visit):
    url = laptop.urls[1]
    root = visit()
    root.sign_in(f"{url}/ui/", issuer.token(laptop.state, "root"))
    page = root.page
    page.goto(f"{url}/ui/api.html")
    page.locator("#operations-tag-me").click()
    page.locator("#operations-me-show_usage .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/me") as answered:
        page.get_by_role("button", name="Execute").click()

    assert answered.value.status == 200
    assert answered.value.json()["name"] == "root"
    assert root.hosts == {url.split("/")[2]}

    page.get_by_role("link", name="MLaaS4HEP").click()
    page.get_by_role("heading", name="Runs").wait_for()


@pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="SCREENSHOTS names no folder")
def test_pictures_of_many_runs_are_taken(laptop, folder, visit):
    url = laptop.urls[1]
    token = issuer.token(laptop.state, "root", groups=("mlaas-admins",))
    with Client(url, token) as client:
        client.upload(folder, name="jets")
        name = client.scan("jets", SCAN).name
        client.wait(name)
        best, other = (trial.run for trial in client.trials(name).trials[:2])
    root = visit()
    root.sign_in(f"{url}/ui/", token)
    trials = root.page.get_by_role("table", name="Trials")
    differing = root.page.get_by_role("table", name="Parameters that differ")
    link = root.page.get_by_role("link", name=best)  # other screens have it, too
    for path, picture, heading, last in [
        (f"runs/{name}", "scan", name, trials),
        (f"compare/{best}/{other}", "compare", f"{best} and {other}", differing),
        ("admin", "admin", "Administration", link),
        ("models", "models", "Models", link),
        ("runs", "runs", "Runs", link),
    ]:
        root.page.goto(f"{url}/ui/#/{path}")
        root.page.get_by_role("heading", name=heading, exact=True).wait_for()
        last.wait_for()
        root.shot(picture)


def assert_predicts(luca):
    page = luca.page
    field = page.get_by_label("MET_pt")
    assert len(field.input_value().replace(".", "")) <= 6
    assert field.get_attribute("title") in page.get_by_label("the curl command").first.inner_text()
    page.get_by_role("button", name="Predict").click()
    score = page.locator(".score")
    score.wait_for(timeout=60_000)
    assert 0 <= float(score.inner_text()) <= 1
    luca.shot("try-it")
    page.get_by_label("MET_pt").fill("")
    page.get_by_role("button", name="Predict").click()
    page.get_by_text("Empty, so taken as missing: MET_pt").wait_for()


def assert_shows_the_graph(luca, laptop):
    url = f"{laptop.urls[1]}/ui/"
    luca.sign_in(url, issuer.token(laptop.state, "luca"))
    luca.page.goto(f"{url}#/models/jets_1")
    with luca.context.expect_page() as opened:
        luca.page.get_by_role("button", name="Graph").click()
    opened.value.frame_locator("#graph").locator("body.default").wait_for(timeout=60_000)
    assert "token" not in opened.value.url


def assert_opens_a_promoted_model(page, laptop):
    """It knows how good it is, and the run that made it under another name."""
    with Client(laptop.urls[1], issuer.token(laptop.state, "luca")) as client:
        client.promote("jets_1", "higgs")
    page.goto(f"{page.url.split('#')[0]}#/models")
    row = page.get_by_role("table", name="Models").get_by_role("row").filter(has_text="higgs")
    _name, _about, area, *learned = row.inner_text().split("\t")
    assert 0.5 < float(area.removeprefix("AUC ")) <= 1
    assert learned[:2] == ["binary", "keras"]
    row.get_by_role("link", name="higgs").click()
    page.get_by_role("heading", name="higgs").wait_for()
    page.get_by_role("link", name="jets_1").wait_for()
    page.get_by_role("heading", name="One entry").wait_for()  # taken from that run's files
    assert serious(page) == {}


def upload(page, folder):
    page.get_by_role("link", name="New run").first.click()
    page.get_by_text("Drop a folder").wait_for()
    page.locator("input[webkitdirectory]").set_input_files(folder)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("heading", name="2. What to run of jets").wait_for(timeout=60_000)


def assert_fits_a_telephone(page):
    page.set_viewport_size(NARROW)
    for tab, shown in [("data", "Distributions"), ("quality", "ROC curve"), ("try", "One entry")]:
        page.goto(f"{page.url.split('#')[0]}#/runs/jets_1/{tab}")
        page.get_by_role("heading", name=shown).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], tab
