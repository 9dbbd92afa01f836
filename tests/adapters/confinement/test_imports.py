import sys

import pytest

from mlaas4hep.adapters.confinement.imports import without


def test_hidden_packages_cannot_be_imported_until_the_context_ends():
    sys.modules.pop("colorsys", None)

    with without(["colorsys"]), pytest.raises(ModuleNotFoundError):
        import colorsys  # noqa: PLC0415

    import colorsys  # noqa: PLC0415

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)


def test_what_is_imported_already_stays():
    with without(["sys"]):
        assert sys.modules["sys"] is sys
