"""What the page draws of trained runs: figures, curves, what the model relies on, and scans."""

import json
import re

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady
from mlaas4hep.core.runs.scans import Trial, Trials
from tests.browser.axe import serious
from tests.browser.charts import numbers
from tests.browser.figures import QUALITY, SEVERAL, losses
from tests.people import FOLDER


def test_two_runs_are_compared_by_figures_curves_and_parameters(crowded, trained, visit):
    gina = visit()
    gina.sign_in(crowded.url, crowded.token("gina"))
    page = gina.page
    page.get_by_label("Compare luca_1").wait_for()
    tasks = page.locator("tbody tr td:nth-child(5)").all_inner_texts()
    assert tasks == ["training", "binary", "binary"]
    worth = page.locator("tbody tr td.number:nth-child(7)").all_inner_texts()
    assert worth[1:] == ["mean AUC 0.92", "mean AUC 0.81"]  # of its labels
    page.get_by_label("Compare luca_1").check()
    page.get_by_label("Compare luca_2").check()
    page.get_by_role("button", name="Compare two").click()
    figures = page.get_by_role("table", name="Figures of both")
    figures.wait_for()

    area = figures.get_by_role("row").filter(has_text=re.compile("mean AUC, held out"))
    assert area.inner_text().split("\t")[1:] == ["0.8100 ± 0.0100", "0.9200 ± 0.0100"]
    differs = page.get_by_role("table", name="Parameters that differ").get_by_role("row")
    assert differs.all_inner_texts()[1:] == ["epochs\t3\t5"]
    others = page.get_by_role("table", name="What else differs").inner_text()
    assert "{" not in others
    assert "title\t3 epochs\t5 epochs" in others
    assert page.get_by_role("img", name="loss of both runs").locator("canvas").count() == 1
    rocs = page.get_by_role("img", name="ROC curve of both runs, MET_pt > 40")
    told = "held out 0.7500 ± 0.0200"
    named = [f"luca_1, {told}", f"luca_2, {told}", "chance"]
    assert rocs.locator(".u-legend .u-label").all_inner_texts() == named
    assert serious(page) == {}
    assert gina.errors == []


def test_each_fold_has_lines_of_its_own(crowded, trained, visit):
    key = files.key(trained.owner, "luca_3", files.HISTORY)
    rounds = [{"fold": float(fold), **one} for fold in (0, 1) for one in losses(0.9)]
    crowded.services.runs_files.put(key, json.dumps(rounds).encode())
    gina = visit()
    gina.sign_in(crowded.url, crowded.token("gina"))
    page = gina.page

    page.goto(f"{crowded.url}#/runs/luca_3")

    curves = page.get_by_role("img", name="loss by round")
    curves.wait_for()
    named = [f"fold {fold} {part}" for fold in (0, 1) for part in ("training", "validation")]
    assert curves.locator(".u-legend .u-label").all_inner_texts() == named
    assert curves.get_attribute("data-points") == "8"
    assert page.get_by_role("img", name="fold by round").count() == 0
    assert gina.errors == []


def test_the_quality_of_several_labels_is_told_label_by_label(crowded, trained, visit):
    gina = visit()
    gina.sign_in(crowded.url, crowded.token("gina"))
    page = gina.page
    page.goto(f"{crowded.url}#/runs/luca_1")
    page.get_by_text("MET_pt > 40 AUC, held out").wait_for()
    page.get_by_role("link", name="Quality").click()
    page.get_by_role("heading", name="What the model relies on").wait_for()

    headings = page.locator("main h2").all_inner_texts()
    assert headings.count("ROC curve") == 1
    assert headings.index("Label MET_pt > 40") < headings.index("ROC curve")
    assert headings.index("ROC curve") < headings.index("Label mass") < headings.index("Residuals")
    assert page.locator(".figures dd", has_text="0.7500 ± 0.0200").count() == 2
    assert page.locator(".u-legend", has_text="held out 0.7500 ± 0.0200").count() == 1
    assert serious(page) == {}
    assert gina.errors == []


def test_scores_from_minus_one_to_one_are_held_against_no_shares(crowded, trained, visit):
    gina = visit()
    gina.sign_in(crowded.url, crowded.token("gina"))
    headings = {}
    for run in ("luca_1", "luca_2"):
        gina.page.goto(f"{crowded.url}#/runs/{run}/quality")
        gina.page.get_by_role("heading", name=run).wait_for()
        gina.page.get_by_role("heading", name="Significance").wait_for()
        headings[run] = gina.page.locator("main h2").all_inner_texts()

    panel = gina.page.locator("section.panel", has_text="Scores by class")
    panel.get_by_label("Scale of the scores").select_option("logarithmic")
    first = numbers(panel).locator("tbody tr").first
    assert first.inner_text() == "-1\t0.8 (0.743 to 0.857)\t\N{EN DASH}"  # no entry, no logarithm

    assert "Calibration" in headings["luca_1"]
    assert "Calibration" not in headings["luca_2"]
    assert gina.errors == []


def test_whole_numbers_have_a_bin_each_and_distributions_can_be_logarithmic(
    crowded, trained, visit
):
    gina = visit()
    gina.sign_in(crowded.url, crowded.token("gina"))
    page = gina.page
    page.goto(f"{crowded.url}#/runs/luca_1/data")
    shown = {}
    for scale in ("counts", "counts, logarithmic"):
        page.get_by_label("Scale").select_option(scale)
        for branch in ("nJet", "mass"):
            panel = page.locator("section.panel", has=page.get_by_role("heading", name=branch))
            shown[branch, scale] = numbers(panel).locator("tbody tr").all_inner_texts()

    assert shown["nJet", "counts"] == [
        "0.5\t1 (0 to 2)",
        "1.5\t3 (1.27 to 4.73)",
        "2.5\t0",
        "3.5\t1 (0 to 2)",
        "4.5\t1",
    ]
    assert shown["nJet", "counts, logarithmic"][2] == "2.5\t\N{EN DASH}"
    assert len(shown["mass", "counts"]) == 51
    assert gina.errors == []


def colours(page):
    """Return the colour of the first line in its chart's legend, and whether the chart has it."""
    return page.evaluate(
        """() => {
            const chart = document.querySelector(".chart");
            const told = getComputedStyle(chart.querySelector(".u-marker")).borderTopColor;
            const canvas = chart.querySelector("canvas");
            const drawn = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            const wanted = told.match(/[0-9]+/g).map(Number);
            const has = (at) => wanted.every((each, index) => drawn[at + index] === each);
            return [told, drawn.some((_each, at) => at % 4 === 0 && has(at))];
        }"""
    )


def test_charts_take_the_colours_of_dark_as_they_stand(crowded, trained, visit):
    gina = visit(color_scheme="light")
    gina.sign_in(crowded.url, crowded.token("gina"))
    page = gina.page
    page.goto(f"{crowded.url}#/compare/luca_1/luca_2")
    page.locator(".chart canvas").first.wait_for()
    page.evaluate("document.querySelector('.chart').isTheFirst = true")
    light = colours(page)
    page.emulate_media(color_scheme="dark")
    page.evaluate("new Promise(requestAnimationFrame)")

    dark = colours(page)

    assert (light[1], dark[1], light[0] == dark[0]) == (True, True, False)
    assert page.evaluate("document.querySelector('.chart').isTheFirst")
    assert gina.errors == []


def test_what_a_run_has_not_made_is_told_and_shown_as_soon_as_it_is_there(crowded, trained, visit):
    gina = visit()
    gina.sign_in(crowded.url, crowded.token("gina"))
    page = gina.page
    page.goto(f"{crowded.url}#/runs/luca_3/quality")
    page.get_by_text("The run failed before this was made").wait_for()
    page.goto(f"{crowded.url}#/runs/luca_3")
    page.locator(".stage", has_text="Measure").get_by_text("failed").wait_for()
    assert page.get_by_label("Part of the log").input_value() == "specs"
    name = trained.post("/runs", json={"name": "luca"}).json["name"]
    page.goto(f"{crowded.url}#/runs/{name}/quality")
    page.get_by_text("It comes when the training is over").wait_for()
    key = files.key(trained.owner, name, files.QUALITY)
    crowded.services.runs_files.put(key, json.dumps(QUALITY).encode())
    figures = (("test_rmse", 0.25),)
    done = ModelReady(owner=trained.owner, run=name, model=name, version="v", metrics=figures)

    crowded.services.runs.apply([done])

    page.get_by_role("heading", name="ROC curve").wait_for()
    assert page.locator("dl", has_text="Background rejection").inner_text().split("\n") == [
        *("Signal efficiency", "70.0 ± 6.5 %"),
        *("Background rejection", "5.0 ± 1.4"),
        *("Purity", "77.8 ± 6.2 %"),
    ]

    page.goto(f"{crowded.url}#/runs")

    page.get_by_role("row").filter(has_text=name).get_by_text("RMSE 0.25").wait_for()
    assert gina.errors == []


def test_one_of_several_classes_is_chosen_and_told_from_the_others(crowded, trained, visit):
    name = trained.post("/runs", json={"name": "luca"}).json["name"]
    crowded.services.runs.apply(
        [ModelReady(owner=trained.owner, run=name, model=name, version="v", learned="multiclass")]
    )
    key = files.key(trained.owner, name, files.QUALITY)
    crowded.services.runs_files.put(key, json.dumps({"test": SEVERAL}).encode())
    gina = visit()
    gina.sign_in(crowded.url, crowded.token("gina"))
    page = gina.page
    page.goto(f"{crowded.url}#/runs/{name}/quality")

    page.get_by_label("Class", exact=True).select_option("VBF")

    assert page.get_by_text("Mean AUC, held out").count() == 1
    assert page.locator(".u-legend", has_text="held out 0.8000 ± 0.0300").count() == 1
    of_class = page.locator("section.panel", has_text="Scores by class")
    assert numbers(of_class).get_by_role("row").all_inner_texts()[:2] == [
        "score of VBF\tggH, held out\tVBF, held out\tttbar_semileptonic, held out",
        "0\t0.6 (0.445 to 0.755)\t0.25 (0.0969 to 0.403)\t0.9 (0.805 to 0.995)",
    ]
    left = page.get_by_role("table", name="Confusion matrix").nth(1).get_by_role("row")
    assert [" ".join(row.split()) for row in left.all_inner_texts()[1:]] == [
        "any other 15 75 % 5 25 %",
        "VBF 2 25 % 6 75 %",
    ]
    assert serious(page) == {}
    assert gina.errors == []


TRIED = [(50, "relu", 0.412), (100, "tanh", 0.387), (200, "relu", 0.43), (100, "relu", 0.371)]


def test_a_scan_shows_its_trials_as_a_table_and_as_lines(crowded, visit):
    carol = crowded.person("carol")
    carol.upload({**FOLDER, "model.py": "def model(idim, act):\n    return None\n"})
    wanted = {"params": {"batch_size": [50, 100]}, "arguments": {"act": ["relu", "tanh"]}}
    body = {"name": "luca", "scan": {**wanted, "parallel": 1}}
    name = carol.post("/scans", json=body).json["name"]
    trials = Trials(
        trials=tuple(
            Trial(
                number=number,
                run=f"luca_{number + 2}",
                values=(("batch_size", size), ("arguments.act", act)),
                status="done",
                figure=figure,
            )
            for number, (size, act, figure) in enumerate(TRIED)
        )
    )
    key = files.key(carol.owner, name, files.TRIALS)
    crowded.services.runs_files.put(key, wire.dump(trials))
    visitor = visit()
    visitor.sign_in(crowded.url, crowded.token("carol"))
    visitor.page.goto(f"{crowded.url}#/runs/{name}")
    visitor.page.get_by_text("done, the best").wait_for()

    assert visitor.page.locator("[aria-label=Trials] tbody th").all_inner_texts() == [
        "luca_5",
        "luca_3",
        "luca_2",
        "luca_4",
    ]
    assert visitor.page.locator("svg.parallel polyline").count() == 4
    assert serious(visitor.page) == {}
    assert visitor.errors == []


def test_an_administrator_is_told_whose_model_it_is_that_nobody_shared(crowded, trained, visit):
    shared = {"mine": {}, "open": {"public": True}}
    for name, sharing in shared.items():
        record = ModelRecord(owner=trained.owner, name=name, version="v", files=(), **sharing)
        crowded.services.models.put(keys.model(trained.owner, name), wire.dump(record))
    root = visit()
    root.sign_in(crowded.url, crowded.token("root", groups=["mlaas-admins"]))
    root.page.goto(f"{crowded.url}#/models")
    rows = root.page.get_by_role("table", name="Models").locator("tbody tr")
    rows.first.wait_for()

    whose = {row.split("\t")[0]: row.split("\t")[6] for row in rows.all_inner_texts()}

    assert whose == {"mine": trained.owner[:8], "open": "shared with me"}
    assert root.errors == []
