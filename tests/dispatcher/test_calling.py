"""Where the dispatcher calls functions."""

import pytest

from mlaas4hep.dispatcher.calling import addresses
from mlaas4hep.settings import Settings, SettingsError


@pytest.mark.parametrize("text", ["", "gateway:8080", "ftp://gateway", "http://", "http://[x"])
def test_what_is_no_address_stops_the_start_and_is_quoted(text):
    with pytest.raises(SettingsError, match="MLAAS_GATEWAY_URL="):
        addresses(Settings(gateway_url=text))


def test_functions_are_behind_the_gateway_whose_address_may_have_a_path_and_loses_a_name():
    where = addresses(Settings(gateway_url="https://me:secret@site:8443/faas/"))

    assert str(where("specs")) == "https://site:8443/faas/function/specs"


def test_without_a_gateway_each_function_has_an_address_of_its_own():
    where = addresses(Settings(function_url="http://{name}.openfaas-fn:8080"))

    assert str(where("chunk-preprocess")) == "http://chunk-preprocess.openfaas-fn:8080"
    assert str(where("specs") / "_/ready") == "http://specs.openfaas-fn:8080/_/ready"


@pytest.mark.parametrize(
    "text", ["http://functions:8080", "{name}:8080", "ftp://{name}", "http://[{name}"]
)
def test_a_pattern_that_gives_no_addresses_stops_the_start_and_is_quoted(text):
    with pytest.raises(SettingsError, match="MLAAS_FUNCTION_URL="):
        addresses(Settings(function_url=text))
