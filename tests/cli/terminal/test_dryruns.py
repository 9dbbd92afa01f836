"""What a terminal shows of a dry run."""

from mlaas4hep.cli.terminal.dryruns import show_dry_run
from mlaas4hep.core.models.dryrun import DryRun, LeftOut


def found(left_out):
    return DryRun(
        files=(),
        entries=10,
        selected_entries=10,
        features=("pt",),
        left_out=left_out,
        identifiers=(),
        label=(),
        columns=1,
        folds=0,
        chunks=1,
        largest_chunk_entries=10,
        chunk_bytes=40,
        memory_bytes=1000,
        model=None,
        time=None,
        warnings=(),
    )


def test_what_is_left_out_takes_a_line_for_each_reason(capsys):
    flags = [LeftOut(branch=f"HLT_{number:03}", reason="exclude_branches") for number in range(500)]
    show_dry_run(found((*flags, LeftOut(branch="event", reason="identifier"))), json=False)

    many, one = [line for line in capsys.readouterr().out.splitlines() if "left out" in line]
    assert many.startswith("left out: HLT_000, HLT_001, ")
    assert many.endswith("HLT_019 and 480 more, which --json names (exclude_branches)")
    assert one == "left out: event (identifier)"
