"""What Quality and Data say of rare signals, of autoencoders and of branches of text."""

import json

import pytest

from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady
from tests.browser.axe import serious
from tests.browser.charts import numbers
from tests.browser.conftest import NARROW
from tests.browser.figures import CALIBRATED, COUNTED, ERRORS, RARE, VALUED

TEXT = {
    "branch": "nJet",
    "jagged": False,
    "columns": 1,
    "low": 1,
    "high": 4,
    "nan": 0,
    "infinite": 0,
    "constant": False,
    "used": True,
    "categories": ["<b>e</b>", "mu"],
}


@pytest.fixture
def run(crowded):
    """Return what stores the figures of a finished run of hugo."""
    hugo = crowded.person("hugo")
    hugo.upload()
    name = hugo.post("/runs", json={"name": "luca"}).json["name"]
    done = ModelReady(owner=hugo.owner, run=name, model=name, version="v", learned="binary")
    crowded.services.runs.apply([done])

    def store(**contents):
        for file, content in contents.items():
            where = files.key(hugo.owner, name, getattr(files, file))
            crowded.services.runs_files.put(where, json.dumps(content).encode())
        return name

    return store


def shown(crowded, visit, path):
    visitor = visit()
    visitor.sign_in(crowded.url, crowded.token("hugo"))
    visitor.page.goto(f"{crowded.url}#/runs/{path}")
    return visitor


def test_thresholds_lie_where_the_scores_of_a_rare_signal_are(crowded, run, visit):
    visitor = shown(crowded, visit, f"{run(QUALITY={'test': RARE})}/quality")
    page = visitor.page
    slider = page.get_by_label("Threshold of the score")
    slider.wait_for()
    asked = slider.input_value()
    slider.press("ArrowLeft")

    assert (asked, page.get_by_label("Threshold of the score 0.02").count()) == ("4", 1)
    matrix = page.get_by_role("table", name="Confusion matrix").get_by_role("row")
    assert [" ".join(row.split()) for row in matrix.all_inner_texts()[1:]] == [
        "0 990 99.0 % 10 1.0 %",
        "1 5 50 % 5 50 %",
    ]
    page.get_by_text("S/√(S+B) is largest at 0.02").wait_for()

    page.get_by_label("Axes of the ROC curve").select_option("background rejection")

    panel = page.locator("section.panel", has=page.get_by_role("heading", name="ROC curve"))
    rows = numbers(panel).locator("tbody tr")
    told = dict(row.split("\t")[:2] for row in rows.all_inner_texts())
    assert (told["0.5"], told["0.9"], told["1"]) == ("100", "10", "1")
    assert serious(page) == {}
    assert visitor.errors == []


def test_errors_of_an_autoencoder_are_no_probabilities(crowded, run, visit):
    visitor = shown(crowded, visit, f"{run(QUALITY={'test': ERRORS})}/quality")
    visitor.page.get_by_role("heading", name="Scores by class").wait_for()

    headings = visitor.page.locator("main h2").all_inner_texts()

    assert not {"Calibration", "Significance", "Confusion"} & set(headings)
    assert visitor.errors == []


def cells(page, heading):
    """Return the rows of the numbers of a chart, as texts of their cells."""
    panel = page.locator("section.panel", has=page.get_by_role("heading", name=heading, exact=True))
    rows = numbers(panel).locator("tbody tr")
    return [row.split("\t") for row in rows.all_inner_texts()]


def drawing(page, chart):
    """Return what a chart draws, after the numbers on its axes are there."""
    page.evaluate("document.fonts.ready")
    return page.get_by_role("img", name=chart).locator("canvas").evaluate("all => all.toDataURL()")


def test_shares_are_told_and_drawn_with_how_sure_they_are(crowded, run, visit):
    visitor = shown(crowded, visit, f"{run(QUALITY={'test': CALIBRATED})}/quality")
    page = visitor.page
    page.get_by_role("heading", name="Calibration").wait_for()

    assert cells(page, "Calibration")[1:3] == [
        ["0.25", "0.0184 (0.0131 to 0.0257)", "0.25"],
        ["0.75", "0.149 (0.102 to 0.214)", "0.75"],
    ]
    # of as many as 50 entries: 0.8 ± √(0.8 · 0.2 / 50)
    assert cells(page, "Scores by class")[0][1] == "0.8 (0.743 to 0.857)"
    assert page.locator("dl", has_text="Background rejection").inner_text().split("\n") == [
        *("Signal efficiency", "70.0 ± 6.5 %"),
        *("Background rejection", "5.0 ± 1.4"),
        *("Purity", "14.9 ± 4.5 %"),
    ]
    assert serious(page) == {}
    drawn = drawing(page, "Share of signal by score")
    wider = {**CALIBRATED["calibration"], "high": [0.3, 0.5]}
    run(QUALITY={"test": {**CALIBRATED, "calibration": wider}})
    page.reload()
    page.get_by_role("heading", name="Calibration").wait_for()
    assert drawing(page, "Share of signal by score") != drawn
    assert visitor.errors == []


def test_what_is_left_of_values_has_errors_in_their_units(crowded, run, visit):
    visitor = shown(crowded, visit, f"{run(QUALITY={'test': VALUED})}/quality")
    page = visitor.page
    page.get_by_role("heading", name="Residuals").wait_for()

    legend = page.get_by_role("img", name="Predicted less true").locator(".u-legend").inner_text()
    assert "held out, mean -0.100 ± 0.020, spread 0.200 ± 0.014" in legend
    assert cells(page, "Residuals")[0][1] == "64 (56 to 72)"
    assert cells(page, "Profile, held out")[0][1] == "0.1 (0.075 to 0.125)"
    assert visitor.errors == []


def test_what_a_regression_relies_on_is_told_in_its_units(crowded, run, visit):
    drops = [("energy", 2423187.96, 42525.01), ("eta", 8573.26, 13375.7), ("phi", 2.4e-7, 1e-8)]
    branches = [dict(zip(("branch", "drop", "error"), each, strict=True)) for each in drops]
    relied = {"entries": 100, "repeats": 3, "whole": -537346.4, "branches": branches}
    name = run(QUALITY={"test": VALUED}, CHECKS={"overtraining": None, "importance": relied})
    visitor = visit(NARROW)
    visitor.sign_in(crowded.url, crowded.token("hugo"))
    visitor.page.goto(f"{crowded.url}#/runs/{name}/quality")
    bars = visitor.page.locator(".bar .number")
    bars.first.wait_for()

    assert bars.all_inner_texts() == ["2.42e+6 ± 43000", "8573 ± 13000", "2.40e-7 ± 1.00e-8"]
    wide = visitor.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW["width"]


def test_a_text_is_asked_about_as_it_is_written(crowded, run, visit):
    visitor = visit()
    page, asked = visitor.page, []
    branches = {"flat": ["flavour", "met"], "jagged": [], "either": []}
    card = {"branches": branches, "categories": {"flavour": ["<b>e</b>", "mu"]}, "columns": []}
    answer = {"predictions": [0.75], "passed": [True], "outside": [[]], "truncated": [[]]}

    def predict(route):
        asked.append(route.request.post_data_json)
        route.fulfill(json={**answer, "model": "luca", "version": "v"})

    page.route("**/function/predict/models/*", lambda route: route.fulfill(json=card))
    page.route("**/function/predict/json", predict)
    visitor.sign_in(crowded.url, crowded.token("hugo"))
    page.goto(f"{crowded.url}#/runs/{run()}/try")
    page.get_by_label("flavour").fill("mu")
    page.get_by_label("met").fill("41.5")
    page.get_by_role("button", name="Predict").click()
    page.locator(".score", has_text="0.75").wait_for()

    assert page.locator("datalist option").evaluate_all("all => all.map((one) => one.value)") == [
        "<b>e</b>",
        "mu",
    ]
    assert [each["entries"] for each in asked] == [[{"flavour": "mu", "met": 41.5}]]
    assert serious(page) == {}


def test_numbers_of_texts_are_told_beside_their_distribution(crowded, run, visit):
    found = {"features": [TEXT], "left_out": [], "identifiers": [], "label": []}
    visitor = shown(crowded, visit, f"{run(FEATURES=found, HISTOGRAMS=COUNTED)}/data")
    visitor.page.get_by_text("0 <b>e</b> · 1 mu").wait_for()

    rows = visitor.page.get_by_role("table", name="Features").locator("tbody tr")
    assert rows.all_inner_texts() == ["nJet\tone value, text\t1\t4\t\N{EN DASH}"]
    assert visitor.errors == []
