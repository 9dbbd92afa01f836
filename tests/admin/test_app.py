"""Every command of `mlaas4hep-admin` as it is typed, on a platform with a run and its model."""

import pytest
from typer.testing import CliRunner

from mlaas4hep.admin.app import app, main
from mlaas4hep.core.requests.auditedaction import AuditedAction
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import RunSubmitted
from tests.admin.test_deadletters import bury


def typed(settings, *arguments):
    """Return exit code and output of a command on the platform of `settings`."""
    places = {"MLAAS_STORE": settings.store, "MLAAS_NATS": settings.nats}
    done = CliRunner(env=places).invoke(app, [str(each) for each in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_fsck_says_what_is_damaged_and_mends_what_makes_itself(used, made):
    assert typed(made[0], "fsck") == (0, "all is whole\n")

    chunk = next(info.key for info in used.services.chunks.list(""))
    used.services.chunks.put(chunk, b"x")
    code, said = typed(made[0], "fsck")
    assert code == 1
    assert f"damaged chunks/{chunk}" in said

    assert typed(made[0], "fsck", "--repair")[1].endswith("1 repaired\n")
    assert typed(made[0], "fsck") == (0, "all is whole\n")


def test_a_backup_is_restored_on_an_empty_platform_only(used, empty, made, tmp_path):
    file = tmp_path / "all.tar"
    code, written = typed(made[0], "backup", file)
    empty()

    restored = typed(made[1], "restore", file)

    assert (code, restored) == (0, (0, written.split(": ")[1].replace("\n", " are back\n")))
    assert typed(made[1], "fsck")[0] == 0


def test_records_that_nats_lost_are_made_again_once(used, made):
    used.services.runs.delete("o", "r_1")

    assert typed(made[0], "rebuild") == (0, "o/r_1\n1 run records are made again\n")
    assert typed(made[0], "rebuild") == (0, "0 run records are made again\n")
    assert used.services.runs.get("o", "r_1").is_final


def test_dead_letters_are_listed_and_tried_again(used, made):
    event = RunSubmitted(owner="o", run="r_1")
    headers = (("Mlaas-Function", "specs"), ("Mlaas-Problem", '{"message": "no branch x"}'))
    bury(used, cloudevents.dump_event(event), headers)
    bury(used, b"nonsense")

    assert typed(made[0], "dead-letters", "list")[1] == (
        f"1 {event.id}: no branch x (specs)\n2 8 bytes that are no event: nobody said why\n"
    )
    code, said = typed(made[0], "dead-letters", "retry")
    assert (code, said.count("dropped")) == (0, 2)
    assert typed(made[0], "dead-letters", "list") == (0, "")


def test_the_audit_log_of_an_owner_is_shown_the_newest_last(empty, made):
    audit = empty().services.audit
    for at, owner in ((0.0, "o"), (1.0, "another"), (2.0, "o")):
        audited = AuditedAction(
            at=at, owner=owner, person="luca", function="workflow", action="submit"
        )
        audit.note(audited)

    code, said = typed(made[0], "audit", "--owner", "o")

    assert code == 0
    assert [line.split()[1:] for line in said.splitlines()] == 2 * [
        ["o", "luca", "workflow.submit"]
    ]
    assert said.splitlines() == sorted(said.splitlines())


def test_who_is_called_like_a_line_makes_none_and_speaks_to_no_terminal(empty, made):
    person = "eve\n12:00 o luca workflow.delete m\r\x1b[2J\u202e"
    audited = AuditedAction(at=0.0, owner="o", person=person, function="workflow", action="submit")
    empty().services.audit.note(audited)

    _, said = typed(made[0], "audit")

    first, *rest = said.splitlines()
    assert first.endswith(" o eve")
    assert rest == ["  12:00 o luca workflow.delete m", "  \\x1b[2J\\u202e workflow.submit "]


def test_secrets_are_made_once_and_rotated_one_by_one(tmp_path):
    folder = tmp_path / "secrets"
    runner = CliRunner()

    assert "train-store-key is made" in runner.invoke(app, ["secrets", "make", str(folder)]).stdout
    again = runner.invoke(app, ["secrets", "make", str(folder)])
    assert again.stdout == "0 keys are made, the others are as they were\n"
    rotated = runner.invoke(app, ["secrets", "rotate", str(folder), "train-store-key"])
    assert "is new: run minio/provision.py, then deploy train with it" in rotated.stdout


@pytest.mark.parametrize("command", ["fsck", "rebuild", "audit"])
def test_a_platform_that_is_not_named_is_an_error_in_words(command, monkeypatch):
    monkeypatch.delenv("MLAAS_STORE", raising=False)

    with pytest.raises(SystemExit, match="MLAAS_STORE names no store: set it"):
        main([command])
