"""Which route a path and a method mean, for apps that no web framework routes."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError, NotFoundError
from mlaas4hep.http.route import Route, path_names, path_regex

_REMEMBERED = 4096  #: paths that were asked for

Methods = Mapping[str, Route]


class WrongMethodError(InvalidRequestError):
    """The path is right, the method is not."""

    status = 405
    code = "method_not_allowed"


class Router:
    """Finds routes; paths without arguments first, then the one with most fixed letters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Route]] = {}
        patterns: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for route in routes:
            for path in route.paths:
                if path_names(path):
                    made = patterns.setdefault(path, (re.compile(path_regex(route, path)), {}))
                    made[1][route.method] = route
                else:
                    self._fixed.setdefault(path, {})[route.method] = route
        self._patterns = [patterns[path] for path in sorted(patterns, key=_fixed_letters)]
        self._find = lru_cache(_REMEMBERED)(self._look_up)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """Return the route and the arguments in the path.

        Raises:
            NotFoundError: there is no such path.
            WrongMethodError: it is not called so.
        """
        methods, args = self._find(path)
        route = methods.get(method)
        if route is None:
            raise WrongMethodError(
                f"{path} does not take {method}", hint=f"use {' or '.join(methods)}"
            )
        return route, args

    def _look_up(self, path: str) -> tuple[Methods, Mapping[str, str]]:
        if path in self._fixed:
            return self._fixed[path], {}
        for pattern, methods in self._patterns:
            if found := pattern.fullmatch(path):
                return methods, found.groupdict()
        raise NotFoundError(f"there is nothing at {path}", hint=nearest(path, self._fixed))


def _fixed_letters(path: str) -> tuple[int, int]:
    names = path_names(path)
    return -(len(path) - sum(len(name) + 2 for name in names)), len(names)
