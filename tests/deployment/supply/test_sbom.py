"""The bills of materials: valid, and of what is installed."""

import json
import re

import pytest

from deploy.supply import images, sbom
from mlaas4hep import __version__


@pytest.fixture(scope="module")
def bills(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sbom")
    sbom.main(folder)
    return {path.name.removesuffix(".cdx.json"): path.read_text() for path in folder.iterdir()}


def test_wheel_and_images_have_one_each(bills):
    assert set(bills) == {"mlaas4hep", *images.extras({})}


def test_a_bill_is_valid(bills):  # of one code; the schema takes seconds for a large one
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - takes seconds
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - the same

    validator = JsonStrictValidator(SchemaVersion.V1_6)

    assert validator.validate_str(bills["mlaas4hep"]) is None


def test_a_bill_has_every_library_of_the_image_with_the_hashes_that_pip_checks(bills):
    lock = images.requirements(images.extras({})["mlaas4hep-predict"])
    bill = json.loads(bills["mlaas4hep-predict"])
    libraries = [each for each in bill["components"] if each["purl"].startswith("pkg:pypi/")]
    hashes = {
        digest["content"]
        for each in libraries
        for digest in each["externalReferences"][0]["hashes"]
    }

    assert len(libraries) == len(re.findall(r"^\S+==", lock, re.MULTILINE))
    assert hashes == set(sbom.HASH.findall(lock))
    assert "tensorflow-cpu" in {each["name"] for each in libraries}


def test_a_bill_names_the_release_and_what_the_page_has_from_npm(bills):
    bill = json.loads(bills["mlaas4hep"])

    assert bill["metadata"]["component"]["version"] == __version__
    assert {"pydantic", "uplot", "@picocss/pico"} <= {each["name"] for each in bill["components"]}
    assert "numpy" not in {each["name"] for each in bill["components"]}


def test_another_choice_of_extras_is_another_bill():
    small = images.extras({"PREDICT_EXTRAS": "predict,onnx"})["mlaas4hep-predict"]

    assert small == "function,predict,onnx"
    assert "tensorflow" not in images.requirements(small)
