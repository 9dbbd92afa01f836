"""deploy/command: programs of others, each run to its end."""

import sys

import pytest

from deploy import command


def test_what_a_program_prints_is_returned():
    assert command.output(["cat"], given="as it is\n") == "as it is\n"


def test_a_program_that_fails_is_named_with_its_last_words():
    program = "import sys; sys.exit('x' * 5000 + ' the disk is full')"

    with pytest.raises(command.CommandError) as told:
        command.output([sys.executable, "-c", program])

    assert str(told.value).startswith("python")
    assert str(told.value).endswith("the disk is full")
    assert len(str(told.value)) < 4000
