"""Images from elsewhere: one file names them, and what a tag means is written as a digest."""

import base64
import json

import pytest
import yaml

from deploy.supply import digests
from deploy.supply.registry import Image, Registry, RegistryError
from tests.deployment.supply.registrystandin import StandIn, digest_of, serving
from tests.deployment.test_pinned import OURS, named

NATS, PYTHON = b'{"nats": 1}', b'{"python": 1}'
FILE = "# why\nnats:2.12-alpine\npython:3.11-slim\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "images.txt"
    path.write_text(FILE)
    return path


@pytest.fixture
def registry(monkeypatch):
    made = StandIn({"hub/nats:2.12-alpine": NATS, "hub/python:3.11-slim": PYTHON})
    with serving(made):
        monkeypatch.setenv("MLAAS_REGISTRY", f"{made.host}/hub")
        yield made


@pytest.fixture
def nowhere(monkeypatch):
    monkeypatch.delenv("MLAAS_REGISTRY", raising=False)
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)


def test_the_file_names_every_image_from_elsewhere_that_a_file_of_ours_names():
    foreign = {
        name.removeprefix("registry.example.org/") for name in named() if not OURS.match(name)
    }
    known = {f"{image.name}:{image.tag}" for image in digests.named(digests.FILE)}

    assert known == foreign


def test_digests_are_written_and_nothing_else_changes(file, registry):
    assert digests.main(["write"], file) == 0

    assert file.read_text() == (
        f"# why\nnats:2.12-alpine@{digest_of(NATS)}\npython:3.11-slim@{digest_of(PYTHON)}\n"
    )
    assert digests.main(["check"], file) == 0


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("what", ["check", "kustomize", "environment"])
def test_tags_are_refused_by_name_unless_the_operator_lets_them_pass(
    file, what, capsys, monkeypatch
):
    assert digests.main([what], file) == 1
    told = capsys.readouterr()
    assert "nats:2.12-alpine is named by its tag only" in told.err
    assert told.out == ""

    monkeypatch.setenv("MLAAS_REGISTRY", "registry.example.org")
    file.write_text("")
    assert digests.main([what, "--tags"], file) == 0


def test_a_tag_that_moved_is_told(file, registry, capsys):
    digests.main(["write"], file)
    registry.manifests["hub/nats:2.12-alpine"] = b'{"nats": 2}'

    assert digests.main(["check"], file) == 1
    assert digest_of(b'{"nats": 2}') in capsys.readouterr().err


def test_an_image_that_the_registry_has_not_leaves_the_file_as_it_is(file, registry, capsys):
    del registry.manifests["hub/python:3.11-slim"]

    assert digests.main(["write"], file) == 1
    assert file.read_text() == FILE
    assert "python:3.11-slim: 127.0.0.1" in capsys.readouterr().err


@pytest.mark.usefixtures("nowhere")
def test_without_a_registry_nobody_is_asked(file, capsys):
    assert digests.main(["write"], file) == 1
    assert "MLAAS_REGISTRY" in capsys.readouterr().err


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("what", ["kustomize", "environment"])
def test_an_image_whose_registry_nobody_names_is_told(file, what, capsys):
    assert digests.main([what, "--tags"], file) == 1
    told = capsys.readouterr()
    assert "nats:2.12-alpine: its name has no registry; say yours: MLAAS_REGISTRY" in told.err
    assert told.out == ""


def test_an_overlay_and_faas_cli_are_given_digests(file, registry, capsys):
    digests.main(["write"], file)
    digests.main(["kustomize"], file)
    entries = yaml.safe_load(capsys.readouterr().out)
    digests.main(["environment"], file)

    assert entries[0] == {
        "name": "nats",
        "newName": f"{registry.host}/hub/nats",
        "digest": digest_of(NATS),
    }
    pinned = f"{registry.host}/hub/python@{digest_of(PYTHON)}"
    assert capsys.readouterr().out.splitlines() == [f"BASE_IMAGE={pinned}", f"BUILD_IMAGE={pinned}"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"told": "sha256:" + "0" * 64}, "of a manifest that has"),
        ({"kind": "text/html"}, "is no manifest"),
        ({"manifests": {}}, "answers 404"),
        ({"manifests": {"nats:2": bytes(5_000_000)}}, "more than 4 MB"),
        ({"token": "t", "realm": "http://elsewhere.example/token"}, "by https"),
    ],
)
def test_what_a_registry_says_is_not_just_believed(changed, said):
    made = StandIn(**({"manifests": {"nats:2": NATS}} | changed))
    with serving(made), pytest.raises(RegistryError, match=said):
        Registry(default=made.host).digest(Image.of("nats:2"))


def test_a_registry_that_wants_a_login_gets_that_of_its_own_host_only(tmp_path):
    made = StandIn({"nats:2": NATS}, token="SECRET")
    with serving(made):
        mine = base64.b64encode(b"me:word").decode()
        others = base64.b64encode(b"me:other").decode()
        logins = {made.host: {"auth": mine}, "other.example": {"auth": others}}
        (tmp_path / "auth.json").write_text(json.dumps({"auths": logins}))
        asking = Registry.of_environment(
            {"MLAAS_REGISTRY": made.host, "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}
        )

        assert asking.digest(Image.of("nats:2")) == digest_of(NATS)

    assert [given for _, given in made.asked] == ["", f"Basic {mine}", "Bearer SECRET"]
    assert mine not in repr(asking)


def test_a_name_with_a_host_is_asked_there():
    with serving(StandIn({"a/nats:2": NATS})) as made:
        image = Image.of(f"{made.host}/a/nats:2")

        assert Registry(default="other.example").digest(image) == digest_of(NATS)


@pytest.mark.parametrize("text", ["nats", "nats:2@sha256:12", "NATS:2", "nats:2 x", "-x:1", ""])
def test_what_is_no_image_is_named(text):
    with pytest.raises(ValueError, match="is no name:tag"):
        Image.of(text)
