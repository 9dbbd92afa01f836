"""What a request for predictions asks, whatever its dialect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.serving.questions import Question


@dataclass(slots=True)
class Tally:
    """How much one model was used since this process started."""

    requests: int = 0
    rows: int = 0
    outside: int = 0  #: raw entries with a value that training has never seen
    cut: int = 0  #: raw entries that do not pass the cuts of preproc.json


class Asking(NamedTuple):
    """One request: which model, what, and how the dialect tells the result."""

    model: str  #: as the caller names it; "": the one that was uploaded last
    question: Question
    #: makes the answer of what `question` is answered with, and counts it
    to_answer: Callable[[Any, Tally], Answer]
    signature: str = ""  #: "": the model's own


#: reads a call whose body is there; raises InvalidRequestError
Dialect = Callable[[Call], Asking]
