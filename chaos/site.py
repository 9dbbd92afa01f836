"""What the harness asks of a platform that it breaks; a laptop's and the containers' obey it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from chaos.fault import Fault
from mlaas4hep.client import Client
from mlaas4hep.ports import Services

TRAINEE = "trainee"  #: the process in which somebody's model.py runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Nats:
    """The message server, as its administrator sees it."""

    url: str
    user: str
    password: str

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self.url.rpartition(":")[2])


class Site(Protocol):
    """A platform under fire."""

    @property
    def parts(self) -> Sequence[str]:
        """Return whose processes can be hit."""

    def people(self, wave: int) -> Sequence[str]:
        """Return who submits in a wave, counted from 1; wave 0 is the undisturbed one."""

    def pid(self, part: str) -> int | None:
        """Return the process of a part, or the `TRAINEE`; None if it is not there now."""

    def revive(self, part: str) -> None:
        """Start a part again that nobody else starts when it has ended."""

    def jobs(self) -> Mapping[str, bytes]:
        """Return the tarballs that people train, by name."""

    def client(self, person: str) -> Client:
        """Return a person's connection."""

    def read_bytes(self) -> int:
        """Return how much of the input files was read so far; 0 where nobody may count."""

    def nats(self) -> Nats:
        """Return where the message server is now."""

    def services(self) -> Services:
        """Return the store, as its administrator sees it."""

    def flipped(self) -> Collection[str]:
        """Return the keys of the chunks that were damaged here; some may be whole again."""

    def family(self) -> set[int]:
        """Return all processes of the platform."""

    def faults(self, random: Random) -> list[Fault]:
        """Return what can go wrong with every platform of this kind, and with no other."""

    def leftovers(self) -> Iterator[str]:
        """Start everything again, end it if that can be, and yield temporary files."""

    def close(self) -> None:
        """End what was started here."""

    def keep_logs(self, seed: int) -> str:
        """Keep what all parts said, for whoever looks for the reason; return where."""
