"""Where the dispatcher calls functions."""

import pytest

from mlaas4hep.dispatcher.calling import gateway
from mlaas4hep.settings import SettingsError


@pytest.mark.parametrize("text", ["", "gateway:8080", "ftp://gateway", "http://", "http://[x"])
def test_what_is_no_address_stops_the_start_and_is_quoted(text):
    with pytest.raises(SettingsError, match="MLAAS_GATEWAY_URL="):
        gateway(text)


def test_an_address_may_have_a_path_and_loses_a_name():
    assert str(gateway("https://me:secret@site:8443/faas/")) == "https://site:8443/faas/"
    assert str(gateway("https://site/faas/") / "function" / "specs") == (
        "https://site/faas/function/specs"
    )
