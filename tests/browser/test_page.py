"""The page over workflow in memory: many runs, hostile texts, two people, an ended session."""

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


def test_a_session_that_ends_asks_for_a_new_one_and_goes_on_where_it_was(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    alice.page.get_by_role("link", name="luca_200").wait_for()
    alice.page.evaluate("sessionStorage.setItem('mlaas4hep-token', 'ended')")
    alice.page.goto(f"{crowded.url}#/runs/luca_150")
    alice.page.get_by_role("heading", name="Your session has ended").wait_for()
    alice.page.get_by_label("Token").fill(crowded.token("alice"))
    alice.page.get_by_role("button", name="Use this token").click()

    alice.page.get_by_role("heading", name="luca_150").wait_for()


def test_a_token_that_is_none_is_refused_with_the_reason(crowded, visit):
    alice = visit()
    page = alice.page
    page.goto(crowded.url)
    page.get_by_label("Token").fill("nonsense")
    page.get_by_role("button", name="Use this token").click()

    page.get_by_role("heading", name="This token is not accepted").wait_for()
    assert "not a JWT" in page.get_by_role("alert").inner_text()


def test_without_a_network_the_page_says_so_and_goes_on_when_it_is_back(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    page.get_by_role("link", name="luca_200").wait_for()
    alice.context.set_offline(True)
    page.get_by_role("link", name="Models").click()
    page.get_by_text("The server cannot be reached").wait_for()

    alice.context.set_offline(False)

    page.get_by_text("No model yet").wait_for()


def test_a_token_that_has_worked_is_of_a_session_that_has_ended(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    page.get_by_role("link", name="luca_200").wait_for()
    ended = {"error": {"message": "the token has expired"}}
    page.route("**/runs/luca_200*", lambda route: route.fulfill(status=401, json=ended))
    page.get_by_role("link", name="luca_200").click()

    page.get_by_role("heading", name="Your session has ended").wait_for()


def test_what_was_typed_stays_when_the_network_is_back(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    page.get_by_role("link", name="luca_200").wait_for()
    page.route("**/runs?*", lambda route: route.abort())
    page.get_by_label("Find").fill("number 17")
    page.get_by_text("The server cannot be reached").wait_for()
    page.unroute("**/runs?*")
    page.evaluate("dispatchEvent(new Event('online'))")

    page.get_by_text("1 to 11 of 11").wait_for()
    assert page.get_by_label("Find").input_value() == "number 17"


def test_what_was_typed_stays_when_light_becomes_dark(crowded, visit):
    alice = visit(color_scheme="light")
    alice.sign_in(crowded.url, crowded.token("alice"))
    page = alice.page
    page.get_by_label("Find").fill("number 17")
    page.get_by_text("1 to 11 of 11").wait_for()

    page.emulate_media(color_scheme="dark")
    page.evaluate("new Promise(requestAnimationFrame)")

    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.get_by_label("Find").input_value() == "number 17"
    assert page.get_by_text("1 to 11 of 11").count() == 1


def test_an_answer_that_comes_late_does_not_replace_that_to_a_later_question(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page, held = alice.page, []

    def hold(route):
        held.append(route)

    page.route(lambda url: "q=number+1&" in url, hold)
    with page.expect_request(lambda request: "q=number+1&" in request.url):
        page.get_by_label("Find").fill("number 1")
    page.get_by_label("Find").fill("number 17")
    page.get_by_text("1 to 11 of 11").wait_for()

    with page.expect_event("requestfinished", lambda done: "q=number+1&" in done.url):
        held[0].continue_()
    page.evaluate("new Promise(requestAnimationFrame)")

    assert page.get_by_text("1 to 11 of 11").count() == 1


def test_an_answer_that_comes_while_somebody_types_puts_no_search_off(crowded, visit):
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page, held = alice.page, []

    def hold(route):
        held.append(route)

    page.route(lambda url: "q=number+1&" in url, hold)
    with page.expect_request(lambda request: "q=number+1&" in request.url):
        page.get_by_label("Find").fill("number 1")

    page.get_by_label("Find").fill("number 17")
    held[0].fulfill(json={"runs": [], "total": 0, "offset": 0, "limit": 50})

    page.get_by_text("1 to 11 of 11").wait_for()


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


def test_a_connection_that_falls_silent_is_told_and_made_anew(crowded, visit):
    fay = crowded.person("fay")
    fay.upload()
    fay.submit()
    visitor, held = visit(), []
    page = visitor.page
    page.clock.install()
    visitor.sign_in(crowded.url, crowded.token("fay"))
    lost = page.get_by_text("The connection is lost")

    def hold(route):
        held.append(route)

    page.route("**/runs/luca_1/events", hold)
    with page.expect_request("**/runs/luca_1/events"):
        page.goto(f"{crowded.url}#/runs/luca_1")
    page.clock.fast_forward(31_000)
    lost.wait_for()

    page.unroute("**/runs/luca_1/events")
    page.clock.fast_forward(2_000)
    lost.wait_for(state="hidden")


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
