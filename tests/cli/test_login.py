"""Deployments by name, and which one a command uses."""

import stat

import pytest

from mlaas4hep.cli.logins import endpoints


def test_who_logged_in_needs_to_say_nothing_more(cli, world, deployment):
    _, url, _, token = deployment

    said = cli("login", "site", "--url", f"{url}/function/workflow", said=f"{token}\n")

    assert (said.code, said.out) == (0, f"site: alice at {url}\n")
    assert cli("usage").out.startswith("alice")
    assert cli("endpoints").out.split() == ["endpoint", "url", "site", url]
    assert stat.S_IMODE(endpoints.place().stat().st_mode) == 0o600


def test_the_last_login_is_used_and_others_by_name(cli, world, deployment):
    _, url, _, token = deployment
    cli("login", "first", "--url", url, "--token", token)
    cli("login", "second", "--url", url, "--token", world.token("bob"))

    assert cli("usage").out.startswith("bob")
    assert cli("usage", "-b", "first").out.startswith("alice")
    assert cli("usage", "--url", url, "--token", world.token("eve")).out.startswith("eve")
    assert [each["name"] for each in cli("endpoints", "--json").json()] == ["second", "first"]


def test_an_address_without_a_token_takes_the_token_of_its_endpoint(cli, world, deployment):
    _, url, _, token = deployment
    cli("login", "site", "--url", url, "--token", token)

    assert cli("usage", "--url", f"{url}/").out.startswith("alice")
    assert cli("usage", "--url", "http://127.0.0.1:9").code == 2


def test_a_token_that_does_not_hold_is_not_remembered(cli, deployment):
    said = cli("login", "site", "--url", deployment[1], "--token", "gibberish")

    assert said.code == 1
    assert cli("endpoints").out == ""


def test_without_a_token_there_is_no_login(cli, deployment):
    assert cli("login", "site", "--url", deployment[1], said="\n").code == 1


def test_logging_out_forgets(cli, deployment):
    cli("login", "site", "--url", deployment[1], "--token", deployment[3])

    assert cli("logout", "site").out == "site is forgotten\n"
    assert cli("usage").code == 2


@pytest.mark.parametrize("arguments", [("usage", "-b", "sit"), ("logout", "sit")])
def test_a_name_that_nobody_knows_is_told_with_the_nearest(cli, deployment, arguments):
    cli("login", "site", "--url", deployment[1], "--token", deployment[3])

    said = cli(*arguments)

    assert said.code == 1
    assert "there is no endpoint 'sit'" in said.err
    assert "did you mean 'site'?" in said.err


def test_a_damaged_file_is_named(cli):
    endpoints.place().parent.mkdir(parents=True)
    endpoints.place().write_text("{")

    said = cli("usage")

    assert said.code == 1
    assert str(endpoints.place()) in said.err
