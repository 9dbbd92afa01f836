"""The page when its session ends, its network goes or an answer comes late: it says so, and goes on."""


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


def held_search(crowded, visit):
    """Return alice's page, which looks for "number 1", and the answers that it waits for."""
    alice = visit()
    alice.sign_in(crowded.url, crowded.token("alice"))
    page, held = alice.page, []

    def hold(route):
        held.append(route)

    page.route(lambda url: "q=number+1&" in url, hold)
    with page.expect_request(lambda request: "q=number+1&" in request.url):
        page.get_by_label("Find").fill("number 1")
    return page, held


def test_an_answer_that_comes_late_does_not_replace_that_to_a_later_question(crowded, visit):
    page, held = held_search(crowded, visit)
    page.get_by_label("Find").fill("number 17")
    page.get_by_text("1 to 11 of 11").wait_for()

    with page.expect_event("requestfinished", lambda done: "q=number+1&" in done.url):
        held[0].continue_()
    page.evaluate("new Promise(requestAnimationFrame)")

    assert page.get_by_text("1 to 11 of 11").count() == 1


def test_an_answer_that_comes_while_somebody_types_puts_no_search_off(crowded, visit):
    page, held = held_search(crowded, visit)
    page.get_by_label("Find").fill("number 17")
    held[0].fulfill(json={"runs": [], "total": 0, "offset": 0, "limit": 50})

    page.get_by_text("1 to 11 of 11").wait_for()


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
