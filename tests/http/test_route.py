"""Routes as values: what the router, the body calls and the checks of arguments make of them."""

import pytest

from mlaas4hep.errors import InvalidRequestError, NotFoundError
from mlaas4hep.http.predict.schemas import MODEL, VERSION
from mlaas4hep.http.route import Arg, Body, Route, body_calls, called, scalars
from mlaas4hep.http.router import Router, WrongMethodError


def handler():
    """Do it.

    At length.
    """


def route(name="show", method="GET", path="/things/{name}", **fields):
    return Route(name=name, method=method, path=path, handler=handler, tag="things", **fields)


THING = Arg(name="name", about="Of the thing.", aliases=("thing",))
COUNT = Arg(name="count", about="How many.")


def test_the_summary_is_the_first_line_of_the_handlers_docstring():
    assert route().summary == "Do it."


def test_arguments_come_by_their_own_names():
    assert route(args=(THING, COUNT)).arguments({"thing": "a", "count": "3"}, {}) == {
        "name": "a",
        "count": "3",
    }


def test_an_argument_under_its_own_name_counts_more_than_under_another():
    for query in ({"name": "a", "thing": "b"}, {"thing": "b", "name": "a"}):
        assert route(args=(THING,)).arguments(query, {}) == {"name": "a"}


def test_an_unknown_key_is_refused_with_the_nearest():
    with pytest.raises(InvalidRequestError) as caught:
        route(args=(THING, COUNT)).arguments({"coutn": "3"}, {"name": "a"})

    assert caught.value.problem.hint == "did you mean 'count'?"


def test_what_the_path_says_cannot_be_said_again():
    with pytest.raises(InvalidRequestError):
        route(args=(THING,)).arguments({"thing": "b"}, {"name": "a"})


def test_the_router_prefers_paths_without_arguments_and_then_the_most_fixed():
    routes = [
        route("any"),
        route("fixed", path="/things/all"),
        route("inner", path="/things/{name}/inner"),
        route("put", method="PUT"),
    ]
    router = Router(routes)

    assert router.find("GET", "/things/all")[0].name == "fixed"
    assert router.find("GET", "/things/a") == (routes[0], {"name": "a"})
    assert router.find("GET", "/things/a/inner")[0].name == "inner"
    assert router.find("PUT", "/things/a")[0].name == "put"


def test_a_path_that_is_none_names_the_nearest_and_a_wrong_method_the_right_ones():
    router = Router([route(path="/things"), route("make", method="POST", path="/things")])

    with pytest.raises(NotFoundError) as missing:
        router.find("GET", "/thing")
    with pytest.raises(WrongMethodError) as wrong:
        router.find("PUT", "/things")

    assert missing.value.problem.hint == "did you mean '/things'?"
    assert (wrong.value.status, wrong.value.problem.hint) == (405, "use GET or POST")


@pytest.mark.parametrize(
    ("path", "args"),
    [
        ("/v1/models/net", {"model": "net"}),
        ("/v1/models/owner/net", {"model": "owner/net"}),
        ("/v1/models/owner/net/versions/3", {"model": "owner/net", "version": "3"}),
    ],
)
def test_a_shared_model_is_named_with_its_owner_in_a_path(path, args):
    shown = route(
        path="/v1/models/{model}",
        also_at=("/v1/models/{model}/versions/{version}",),
        args=(MODEL, VERSION),
    )

    assert Router([shown]).find("GET", path)[1] == args


def test_a_body_call_names_an_operation_or_what_it_is_called_on_the_command_line():
    shown = route(actions=("status",))
    calls = body_calls([shown, route("hidden", is_by_path_only=True)])

    assert calls == {"show": shown, "status": shown}
    with pytest.raises(InvalidRequestError) as caught:
        called("shwo", calls)
    assert caught.value.problem.hint == "did you mean 'show'?"


def test_one_action_cannot_mean_two_operations():
    with pytest.raises(ValueError, match="show"):
        body_calls([route(), route("other", actions=("show",))])


def test_of_a_body_call_the_known_scalars_are_arguments_and_the_rest_is_the_body():
    body = {"action": "show", "name": "a", "count": 3, "dry": True}

    plain = scalars(body, route(args=(THING, COUNT)))
    with_body = scalars({**body, "list": [1]}, route(args=(THING, COUNT), body=Body(forms={})))

    assert plain == {"name": "a", "count": "3", "dry": "true"}
    assert with_body == {"name": "a", "count": "3"}


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_where_there_is_no_body_no_argument_is_a_list_or_an_object(value):
    with pytest.raises(InvalidRequestError, match="argument 'count' is a"):
        scalars({"action": "show", "count": value}, route(args=(THING, COUNT)))
