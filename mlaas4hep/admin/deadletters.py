"""`mlaas4hep-admin dead-letters`: events that could not be handled."""

from collections.abc import Iterator

import typer

from mlaas4hep.admin.platform import Platform, platform
from mlaas4hep.core.harmless import as_record
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.ports import Services
from mlaas4hep.ports.deadletters import Letter
from mlaas4hep.usecases import deadletters

commands = typer.Typer(
    name="dead-letters", help="Events that could not be handled.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands)


@commands.command("list")
def show() -> None:
    """Say which there are, and why."""
    with platform() as found:
        for letter in found.services.dead_letters.letters():
            shown = deadletters.shown(letter)
            reason = f"{shown.reason} ({shown.function})" if shown.reason else "nobody said why"
            print(as_record(f"{shown.sequence} {shown.event}: {reason}"))


@commands.command()
def retry() -> None:
    """Try all of them again: failed runs begin another attempt, and live ones get the event.

    What no part of the system sends, and what is of runs that are done, cancelled or deleted, is
    taken away. Running it twice does nothing more.
    """
    with platform() as found:
        for line in tried_again(found):
            print(as_record(line))


def tried_again(found: Platform) -> Iterator[str]:
    """Yield what became of each dead letter."""
    letters = found.services.dead_letters
    for letter in list(letters.letters()):
        shown = deadletters.shown(letter)
        yield f"{shown.sequence} {shown.event}: {_again(letter, found.services)}"
        letters.remove(letter.sequence)


def _again(letter: Letter, services: Services) -> str:
    outcome = deadletters.again(letter.data, services)
    if outcome != deadletters.GOES_ON:
        return outcome
    event = cloudevents.load_event(letter.data)
    services.bus.publish([event], again=f"dead letter {letter.sequence}")
    return "told again"
