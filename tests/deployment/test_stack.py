"""stack.yml repeats names that code knows: here they are held against it."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.supply import locks
from mlaas4hep.core.runs.events import SUBJECTS
from mlaas4hep.settings import Settings

REPOSITORY = Path(__file__).parents[2]
NAMES = ("specs", "chunk-preprocess", "train", "predict", "workflow")
#: faas-cli ignores what it does not know, so that a typo would go unnoticed.
KNOWN_KEYS = {
    "lang", "handler", "image", "build_args", "environment", "secrets", "annotations", "labels",
    "readonly_root_filesystem", "requests", "limits",
}  # fmt: skip
WATCHDOG = {"exec_timeout", "read_timeout", "write_timeout", "max_inflight"}


def seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def test_there_are_the_five_functions(functions):
    assert set(functions) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_has_no_key_that_faas_cli_would_ignore(functions, name):
    assert set(functions[name]) <= KNOWN_KEYS


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_lies_where_the_stack_says(functions, name):
    assert (REPOSITORY / functions[name]["handler"] / "handler.py").is_file()


def test_topics_are_the_subjects_of_the_events(functions):
    topics = {f.get("annotations", {}).get("topic") for f in functions.values()} - {None}

    assert topics == set(SUBJECTS)
    assert all(functions[s.removeprefix("mlaas.")]["annotations"]["topic"] == s for s in SUBJECTS)


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_a_setting_or_one_of_the_watchdog(functions, name):
    environment = functions[name]["environment"]
    ours = {key: value for key, value in environment.items() if key.startswith("MLAAS_")}

    Settings.from_env(ours)
    assert {key for key in environment if not key.startswith(("MLAAS_", "XRD_"))} == WATCHDOG


@pytest.mark.parametrize("name", NAMES)
def test_variables_are_text_for_the_watchdog(functions, name):
    assert all(isinstance(value, str) for value in functions[name]["environment"].values())


@pytest.mark.parametrize("name", NAMES)
def test_a_function_gets_the_secrets_that_its_settings_name_and_no_other(functions, name):
    settings = Settings.from_env(
        {k: v for k, v in functions[name]["environment"].items() if k.startswith("MLAAS_")}
    )
    files = (
        settings.store_key_file,
        settings.nats_user_file,
        settings.dispatcher_public_key_file,
    )

    assert {Path(file).name for file in files} == set(functions[name]["secrets"])
    assert all(file.startswith("/var/openfaas/secrets/") for file in files)
    assert not settings.dispatcher_private_key_file


@pytest.mark.parametrize("name", NAMES)
def test_a_function_has_a_key_and_a_user_of_its_own(functions, name):
    assert {f"{name}-store-key", f"{name}-nats-user"} <= set(functions[name]["secrets"])
    assert (REPOSITORY / "minio/policies" / f"{name}.json").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_extras_are_extras_that_an_image_may_have(functions, name):
    extras = functions[name]["build_args"]["EXTRAS"].split(",")

    assert set(extras) <= set(locks.names(locks.wanted()))


def test_what_only_moves_data_carries_no_tensorflow(functions):
    extras = {name: f["build_args"]["EXTRAS"].split(",") for name, f in functions.items()}

    assert {name for name, wanted in extras.items() if "train" in wanted} == {"train", "predict"}


def test_the_two_large_images_share_their_large_layer(functions):
    extras = {functions[name]["build_args"]["EXTRAS"] for name in ("train", "predict")}

    assert len(extras) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_root_file_system_is_read_only_and_limits_are_set(functions, name):
    assert functions[name]["readonly_root_filesystem"] is True
    assert set(functions[name]["limits"]) == {"cpu", "memory"}


@pytest.mark.parametrize("name", NAMES)
def test_the_timeouts_of_the_watchdog_agree(functions, name):
    environment = functions[name]["environment"]

    assert len({environment[key] for key in WATCHDOG - {"max_inflight"}}) == 1


@pytest.mark.parametrize("name", ["workflow", "predict"])
def test_a_door_waits_longer_than_its_function(functions, name):
    door = (REPOSITORY / f"deploy/oauth2-proxy/{name}.yaml").read_text()
    patience = re.search(r"timeout: (\w+)", door)[1]

    assert seconds(functions[name]["environment"]["exec_timeout"]) < seconds(patience)


def test_the_longest_training_ends_before_its_watchdog_gives_up(functions):
    environment = functions["train"]["environment"]

    assert int(environment["MLAAS_TRAIN_SECONDS"]) < seconds(environment["exec_timeout"])


@pytest.mark.parametrize("name", ["specs", "chunk-preprocess"])
def test_the_longest_step_ends_before_its_watchdog_gives_up(functions, name):
    environment = functions[name]["environment"]
    longest = int(environment.get("MLAAS_STEP_SECONDS", Settings().step_seconds))

    assert longest < seconds(environment["exec_timeout"])


def test_faas_cli_finds_the_template_behind_the_link():
    assert (REPOSITORY / "template/python3-mlaas/template.yml").is_file()
    assert (REPOSITORY / "template").is_symlink()


def test_faasd_tells_the_dispatcher_in_settings():
    text = (REPOSITORY / "deploy/faasd/docker-compose.additions.yaml").read_text()
    services = yaml.safe_load(text)["services"]

    settings = Settings.from_env(services["mlaas-dispatcher"]["environment"])

    assert settings.nats == "nats://mlaas-nats:4222"
    assert "mlaas-nats" in services


@pytest.mark.parametrize("name", ["workflow", "predict"])
def test_people_may_have_what_the_code_says_unless_a_site_says_otherwise(functions, name):
    settings = Settings.from_env(
        {k: v for k, v in functions[name]["environment"].items() if k.startswith("MLAAS_")}
    )
    quotas = ("max_runs", "max_models", "max_bytes", "groups_claim", "admin_group")

    assert [getattr(settings, q) for q in quotas] == [getattr(Settings(), q) for q in quotas]
