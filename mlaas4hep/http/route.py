"""`Route`: one operation as a value that describes itself.

It stands beside its handler. The router, the table of body calls (`{"action": …}`), the check of
query keys and openapi.yaml are made from it; nothing about a route is written anywhere else.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.schemas import JSON, OBJECT, TEXT, Schema

ACTION = "action"  #: the key that names an operation in a body or query
_IN_BRACES = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg:
    """One argument: in the path if the route's path has `{name}`, else in the query."""

    name: str
    about: str
    schema: Schema = field(default_factory=lambda: TEXT)
    required: bool = False
    aliases: tuple[str, ...] = ()  #: other names that are understood
    looks: str = r"[^/]+"  #: regular expression of its place in a path
    is_header: bool = False  #: a header of the request, not a query key
    is_only_in_path: bool = False  #: documented for those of the route's paths that have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent, in one or several forms."""

    forms: Mapping[str, Schema]  #: by media type
    required: bool = True
    schemas: Mapping[str, Schema] = field(default_factory=dict)  #: those that `forms` refer to


@dataclass(frozen=True, kw_only=True)
class Route:
    """How an operation is called, what it takes, what it answers, and what answers it."""

    name: str  #: its operationId, and its name in `{"action": …}`
    method: str
    path: str  #: `/runs/{name}`
    handler: Callable[..., Any]  #: its docstring's first line is the summary
    tag: str
    args: tuple[Arg, ...] = ()
    body: Body | None = None
    gives: Any = field(default_factory=lambda: OBJECT)  #: one of our types, or a schema
    status: int = 200
    media: str = JSON
    also_gives: Mapping[int, Any] = field(default_factory=dict)  #: other good answers by status
    errors: tuple[int, ...] = ()  #: besides `document.ALWAYS`
    actions: tuple[str, ...] = ()  #: its other names in `{"action": …}`
    also_at: tuple[str, ...] = ()  #: other paths
    is_open: bool = False  #: no token is needed
    is_documented: bool = True
    is_by_path_only: bool = False  #: no action reaches it
    changes_by_get: bool = False  #: as some routes of the ancestor do
    takes_any_query: bool = False  #: the query is read by somebody else, such as a page's script

    def __str__(self) -> str:
        return self.name

    @property
    def summary(self) -> str:
        """Return the first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def changes(self) -> bool:
        """Tell whether a call changes something of its caller's."""
        return self.method != "GET" or self.changes_by_get

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path that leads here."""
        return (self.path, *self.also_at)

    @cached_property
    def _canonical(self) -> Mapping[str, str]:
        return {
            name: arg.name
            for arg in self.args
            if not arg.is_header
            for name in (arg.name, *arg.aliases)
        }

    def arguments(self, query: Mapping[str, str], path: Mapping[str, str]) -> dict[str, str]:
        """Return the arguments of a call by their own names; what the path says counts most.

        Raises:
            InvalidRequestError: the query has a key that the operation does not know.
        """
        if self.takes_any_query:
            return {**query, **path}
        found: dict[str, str] = {}
        for name, value in query.items():
            canonical = self._canonical.get(name)
            if canonical is None or canonical in path:
                raise InvalidRequestError(
                    f"{self.name} has no argument {name!r}", hint=self._arguments_hint(name)
                )
            if name == canonical or not found.get(canonical):
                found[canonical] = value
        return {**found, **path}

    def _arguments_hint(self, name: str) -> str:
        taken = [arg.name for arg in self.args if arg.name not in path_names(self.path)]
        return nearest(name, taken) or f"known: {', '.join(taken) or 'none'}"


def path_names(path: str) -> list[str]:
    """Return the names in braces."""
    return _IN_BRACES.findall(path)


def path_regex(route: Route, path: str) -> str:
    """Return the regular expression of a path, with a group for each argument."""
    looks = {arg.name: arg.looks for arg in route.args}
    parts = _IN_BRACES.split(path)
    for index, part in enumerate(parts):
        named = index % 2
        parts[index] = f"(?P<{part}>{looks.get(part, '[^/]+')})" if named else re.escape(part)
    return "".join(parts)


def body_calls(routes: Iterable[Route]) -> dict[str, Route]:
    """Return the operation that each `{"action": …}` means.

    Raises:
        ValueError: one action means two.
    """
    found: dict[str, Route] = {}
    for route in routes:
        for action in () if route.is_by_path_only else (route.name, *route.actions):
            if action in found:
                raise ValueError(f"action {action!r} is {found[action].name} and {route.name}")
            found[action] = route
    return found


def called(action: Any, calls: Mapping[str, Route]) -> Route:
    """Return the operation that somebody names; InvalidRequestError with the nearest names."""
    found = calls.get(action) if isinstance(action, str) else None
    if found is None:
        raise InvalidRequestError(
            f"there is no action {action!r}",
            hint=nearest(str(action), calls) or f"one of {', '.join(calls)}",
        )
    return found


def scalars(body: Mapping[str, Any], route: Route) -> dict[str, str]:
    """Return what of a body call could stand in a query too.

    A route that takes a JSON body keeps the other keys for it; one that takes none knows no others.

    Raises:
        InvalidRequestError: an argument is a list or an object, and there is no body to hold one.
    """
    known = {name for arg in route.args for name in (arg.name, *arg.aliases)}
    keeps = route.body is not None
    for name, value in body.items():
        if not keeps and isinstance(value, list | dict):
            kind = "a list" if isinstance(value, list) else "an object"
            raise InvalidRequestError(f"argument {name[:100]!r} is {kind}, not a text or number")
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in body.items()
        if name != ACTION and isinstance(value, str | int | float) and (name in known or not keeps)
    }
