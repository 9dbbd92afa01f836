"""`mlaas4hep-admin dead-letters`: events that could not be handled."""

import json
from collections.abc import Iterator

import typer

from mlaas4hep.adapters.nats.archive import Message
from mlaas4hep.adapters.nats.provision import DEAD_STREAM
from mlaas4hep.admin.platform import Platform, platform
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.errors import MlaasError
from mlaas4hep.ports import Services
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
        for message in found.nats.messages(DEAD_STREAM):
            print(f"{message.sequence} {_event(message)}: {_reason(message)}")


@commands.command()
def retry() -> None:
    """Try all of them again: failed runs begin another attempt, and live ones get the event.

    What no part of the system sends, and what is of runs that are done, cancelled or deleted, is
    taken away. Running it twice does nothing more.
    """
    with platform() as found:
        for line in tried_again(found):
            print(line)


def tried_again(found: Platform) -> Iterator[str]:
    """Yield what became of each dead letter."""
    for message in list(found.nats.messages(DEAD_STREAM)):
        yield f"{message.sequence} {_event(message)}: {_again(message, found.services)}"
        found.nats.remove(message)


def _again(message: Message, services: Services) -> str:
    outcome = deadletters.again(message.data, services)
    if outcome != deadletters.GOES_ON:
        return outcome
    event = cloudevents.load_event(message.data)
    services.bus.publish([event], again=f"dead letter {message.sequence}")
    return "told again"


def _event(message: Message) -> str:
    try:
        return cloudevents.load_event(message.data).id
    except MlaasError:
        return f"{len(message.data)} bytes that are no event"


def _reason(message: Message) -> str:
    try:
        problem = json.loads(message.header("Mlaas-Problem"))
        return f"{problem['message']} ({message.header('Mlaas-Function')})"
    except (ValueError, TypeError, KeyError):
        return "nobody said why"
