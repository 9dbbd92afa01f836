"""The page over workflow in memory: many runs, hostile texts, several people, telephones and keys."""

import re

import pytest

from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import (
    ChunkReady,
    FilesOpened,
    RangeMeasured,
    RunFailed,
    RunSubmitted,
    SpecsReady,
)
from mlaas4hep.errors import Problem
from tests.browser.axe import serious
from tests.browser.conftest import HOSTILE, NARROW

FIRST_LOAD_BYTES = 250_000


def test_two_hundred_runs_are_paged_found_and_sorted(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    page.get_by_text("1 to 50 of 200").wait_for()
    page.get_by_role("button", name="Older").click()
    page.get_by_text("51 to 100 of 200").wait_for()
    page.get_by_label("Find").fill("number 17")
    page.get_by_text("1 to 11 of 11").wait_for()
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator("th[aria-sort=descending]", has_text="Run").wait_for()

    assert page.locator("tbody tr").count() == 11
    assert alice.errors == []


def test_a_hostile_title_is_shown_as_the_text_that_it_is(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    page.get_by_role("link", name="luca_200").click()
    page.get_by_role("heading", name="luca_200").wait_for()
    page.get_by_text(HOSTILE).wait_for()

    assert page.locator("main img").count() == 0
    assert alice.errors == []


def test_people_see_their_own_runs_only(crowded, visit):
    bob = visit()
    bob.sign_in(crowded.url, crowded.token("bob"))
    bob.page.get_by_text("1 to 1 of 1").wait_for()

    assert bob.page.locator("tbody th").all_inner_texts() == ["bobs_1"]

    bob.page.goto(f"{crowded.url}#/runs/luca_1")
    bob.page.get_by_text("you have no run named 'luca_1'").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_telephone_and_axe_finds_nothing_serious(crowded, visit, scheme):
    alice = visit(NARROW, color_scheme=scheme)
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    found = {}
    for path, heading in [("runs/luca_200", "luca_200"), ("me", "alice"), ("new", "New run")]:
        page.goto(f"{crowded.url}#/{path}")
        page.get_by_role("heading", name=heading, level=1).wait_for()
        found[path] = serious(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= NARROW["width"], f"{path} is {wide} pixels wide"

    assert {path: broken for path, broken in found.items() if broken} == {}


def test_the_first_load_is_small_and_asks_nobody_else(crowded, visit):
    alice = visit()
    sizes = []
    alice.page.on("requestfinished", lambda request: sizes.append(request.sizes()))
    alice.sign_in(crowded.url, crowded.token("alice"))
    alice.page.get_by_text("1 to 50 of 200").wait_for()

    total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    assert total < FIRST_LOAD_BYTES, f"{total} bytes in {len(sizes)} requests"
    assert alice.hosts == {crowded.url.split("/")[2]}


def test_everything_is_reached_by_keyboard(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    page.get_by_role("link", name="luca_200").wait_for()
    page.reload()
    page.get_by_role("link", name="luca_200").wait_for()
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.innerText || document.activeElement.type")
        )

    page.goto(f"{crowded.url}#/runs/luca_200")
    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Keep it").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep it").wait_for(state="detached")
    page.evaluate("new Promise(requestAnimationFrame)")

    assert page.evaluate("document.activeElement.innerText") == "Cancel"
    assert reached[:6] == ["Skip to the content", "MLaaS4HEP", "Runs", "Models", "New run", "Me"]
    assert "luca_200" in reached


def test_a_run_of_a_thousand_chunks_is_told_as_it_grows(crowded, visit):
    dora = crowded.person("dora")
    dora.upload()
    dora.submit()
    about = {"owner": dora.owner, "run": "luca_1"}
    crowded.services.runs.apply(
        [
            FilesOpened(**about, files=2, ranges=1, entries=1_000_000),
            RangeMeasured(**about, index=0, key="r", entries=1_000_000, passed=1_000_000),
            SpecsReady(**about, key="s", entries=1_000_000, columns=9, chunks=1000),
            *(
                ChunkReady(**about, index=index, key=f"c{index}", entries=1000)
                for index in range(999)
            ),
        ]
    )
    visitor = visit()
    visitor.sign_in(crowded.url, crowded.token("dora"))
    visitor.page.goto(f"{crowded.url}#/runs/luca_1")
    visitor.page.get_by_text(re.compile(r"999/1\W?000 chunks")).wait_for()

    crowded.services.runs.apply([ChunkReady(**about, index=999, key="c999", entries=1000)])

    visitor.page.get_by_text(re.compile(r"1\W?000/1\W?000 chunks")).wait_for()
    assert visitor.errors == []


def test_an_administrator_sees_everybody_and_tries_dead_letters_again(crowded, visit):
    services, erin = crowded.services, crowded.person("erin")
    root = crowded.person("root")
    for person, title in ((erin, "stuck"), (root, "my own")):
        person.upload()
        person.submit(title=title)
    about = {"owner": erin.owner, "run": "luca_1"}
    problem = Problem(code="x", message=HOSTILE)
    services.runs.apply([RunFailed(**about, problem=problem)])
    services.dead_letters.bury(cloudevents.dump_event(RunSubmitted(**about)), "specs", HOSTILE)
    visitor = visit()
    visitor.sign_in(crowded.url, crowded.token("root", groups=("mlaas-admins",)))
    visitor.page.goto(f"{crowded.url}#/me")
    visitor.page.get_by_role("link", name="Functions, events").click()
    visitor.page.get_by_role("heading", name="Administration").wait_for()
    assert HOSTILE in visitor.page.get_by_role("table", name="Dead letters").inner_text()
    assert serious(visitor.page) == {}

    visitor.page.get_by_role("button", name="Try luca_1 again").click()

    visitor.page.get_by_text("its run begins attempt 2").wait_for()
    visitor.page.get_by_text("None.").wait_for()
    everybody = visitor.page.get_by_role("table", name="Everybody's runs")
    visitor.page.get_by_label("Find").fill("stuck")
    everybody.locator(f"a[href*='{erin.owner}']").click()

    visitor.page.get_by_text(f"of {erin.owner[:8]}, to look at").wait_for()
    visitor.page.locator("[aria-label=Log]", has_text="submitted").wait_for()
    assert visitor.page.get_by_role("button", name="Delete").count() == 0
    assert visitor.page.get_by_role("link", name="Try it").count() == 0

    visitor.page.go_back()
    visitor.page.get_by_label("Find").fill("my own")
    everybody.get_by_role("row").filter(has_text="my own").get_by_role("link").click()

    visitor.page.get_by_role("button", name="Cancel").wait_for()
    assert visitor.errors == []
