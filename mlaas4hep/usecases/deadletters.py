"""Events that could not be handled: what they are about, and how their runs are tried again."""

from itertools import islice

from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.run import Status
from mlaas4hep.core.runs.views import DeadLetter, TriedAgain
from mlaas4hep.errors import MlaasError, NotFoundError
from mlaas4hep.ports import Services
from mlaas4hep.ports.deadletters import Letter
from mlaas4hep.usecases import runs

MOST = 500  #: that are listed
GOES_ON = "its run goes on"


def listed(services: Services) -> tuple[DeadLetter, ...]:
    """Return the oldest dead letters."""
    return tuple(map(shown, islice(services.dead_letters.letters(), MOST)))


def try_again(sequence: int, services: Services) -> TriedAgain:
    """Let the run of a dead letter go on, and take the letter away.

    A failed run begins another attempt. One that goes on is told its next event by the
    dispatcher's sweeper; of one that is over or deleted nothing is left to do.

    Raises:
        NotFoundError: there is no such letter.
    """
    letter = next(services.dead_letters.letters(sequence), None)
    if letter is None or letter.sequence != sequence:
        raise NotFoundError(f"there is no dead letter {sequence}")
    outcome = again(letter.data, services)
    services.dead_letters.remove(sequence)
    return TriedAgain(sequence=sequence, outcome=outcome)


def again(data: bytes, services: Services) -> str:
    """Begin another attempt of the run that an event belongs to, if it failed; tell what became."""
    try:
        event = cloudevents.load_event(data)
        run = services.runs.get(event.owner, event.run)
    except NotFoundError:
        return "dropped, its run is deleted"
    except MlaasError as error:
        return f"dropped, nobody understands it: {error}"
    if run.attempt != event.attempt:
        return f"dropped, its run is in attempt {run.attempt} now"
    if run.status is Status.FAILED:
        runs.announce(runs.restart(run), services)
        return f"its run begins attempt {run.attempt + 1}"
    if run.is_final:
        return f"dropped, its run is {run.status}"
    return GOES_ON


def shown(letter: Letter) -> DeadLetter:
    """Return a dead letter as people see it."""
    try:
        event = cloudevents.load_event(letter.data)
        about = (event.owner, event.run, event.id)
    except MlaasError:
        about = ("", "", f"{len(letter.data)} bytes that are no event")
    return DeadLetter(
        sequence=letter.sequence,
        owner=about[0],
        run=about[1],
        event=about[2],
        function=letter.function,
        reason=letter.problem,
    )
