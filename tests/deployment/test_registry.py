from pathlib import Path

from deploy.testbed.containers import registry
from deploy.testbed.place import Place


def test_a_registry_that_has_no_image_yet_is_served(tmp_path):
    place = Place(root=tmp_path / "platform", cache=tmp_path / "cache")

    program, action, config = registry.serving(place)  # to remove old images would fail

    assert (program, action) == ("docker-registry", "serve")
    assert str(place.cache) in Path(config).read_text()
