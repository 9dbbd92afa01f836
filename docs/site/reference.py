"""The reference of the site, made from the code: routes, commands, client, metrics, settings, params."""

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer
from prometheus_client import CollectorRegistry

from mlaas4hep import bootstrap
from mlaas4hep.cli.app import app
from mlaas4hep.client import Client
from mlaas4hep.client.methods import Operation, Stream
from mlaas4hep.core.requests.params import params
from mlaas4hep.core.requests.request import Params
from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.faas.metrics import MeteredApp
from mlaas4hep.http.predict import routes as predict
from mlaas4hep.http.route import Route
from mlaas4hep.http.workflow import routes as workflow
from mlaas4hep.http.workflow.app import make_app
from mlaas4hep.http.workflow.front import front
from mlaas4hep.settings import PREFIX, Settings

_COMMENT = re.compile(r"^    (\w+): [^#\n]*#: (.*)$", re.MULTILINE)


def pages(docs: Path) -> dict[str, str]:
    """Return the text of each page by its address."""
    return {
        "adr/index.md": "\n".join(_decisions(docs / "adr")),
        "reference/routes.md": "\n".join(_routes()),
        "reference/commands.md": "\n".join(_commands()),
        "reference/client.md": "\n".join(_client()),
        "reference/metrics.md": "\n".join(_metrics()),
        "reference/settings.md": "\n".join(_settings()),
        "reference/params.md": "\n".join(_params((docs / "params.md").read_text(encoding="utf-8"))),
    }


def _decisions(folder: Path) -> Iterator[str]:
    yield "# Decisions\n\nThose that were hard, and their price.\n"
    for path in sorted(folder.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        yield f"- [{title}]({path.name})"


def _routes() -> Iterator[str]:
    yield "# Routes\n\nEvery HTTP operation; [openapi.yaml](../openapi.yaml) has bodies and answers.\n"
    for function, routes in (("workflow", workflow.ROUTES), ("predict", predict.ROUTES)):
        yield f"## {function}\n"
        yield from _table(
            ("call", "operation", "what it gives", "arguments"),
            (
                (
                    f"`{route.method} {route.path}`",
                    f"`{route.name}`",
                    route.summary,
                    _arguments(route),
                )
                for route in routes
                if route.is_documented
            ),
        )


def _arguments(route: Route) -> str:
    return ", ".join(f"`{arg.name}`" for arg in route.args)


def _commands() -> Iterator[str]:
    yield "# Commands\n\nWhat `mlaas4hep` can do; `-h` says the same.\n"
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined] # a group
        usage = command.get_usage(
            command.make_context(f"mlaas4hep {name}", [], resilient_parsing=True)
        )
        yield f"## {name}\n\n    {usage.removeprefix('Usage: ')}\n"
        yield f"{inspect.cleandoc(command.help or '')}\n"
        yield from _table(
            ("option", "default", "meaning"),
            (
                (_spelled(option), _default(option.default), getattr(option, "help", "") or "")
                for option in command.params
            ),
        )


def _spelled(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{option.name.upper()}`"
    variable = f" or `{option.envvar}`" if isinstance(option.envvar, str) else ""
    return ", ".join(f"`{each}`" for each in option.opts) + variable


def _default(value: object) -> str:
    shown = value is not None and value is not False and not callable(value) and str(value) != ""
    return f"`{value}`" if shown and "UNSET" not in str(value) else ""


def _client() -> Iterator[str]:
    yield "# Python client\n\n```python\nfrom mlaas4hep.client import AsyncClient, Client\n```\n"
    yield "Both have these methods; those of `AsyncClient` are awaited.\n"
    for kind in Client.__mro__:
        for name, value in vars(kind).items():
            if isinstance(value, Operation | Stream):
                yield f"## {name}\n\n    {name}{_signature(value)}\n"
                yield f"{inspect.cleandoc(value.__doc__ or '')}\n"


def _signature(method: Operation[..., object] | Stream[..., object]) -> str:
    whole = inspect.signature(method.asked)
    given = [each for name, each in whole.parameters.items() if name != "self"]
    text = str(whole.replace(parameters=given, return_annotation=whole.empty))
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)


def _metrics() -> Iterator[str]:
    yield "# Metrics\n\nWhat Prometheus gets at `/_/metrics` of each function, and of the dispatcher.\n"
    services = bootstrap.services(Settings())
    door = front(make_app(services, Settings()))
    registries = {
        "Of every function": MeteredApp(door, "specs").registry,
        "Of workflow, besides": MeteredApp(door, "workflow", door.levels).registry,
        "Of the dispatcher": Metrics().registry,
    }
    told: set[str] = set()
    for title, registry in registries.items():
        yield f"## {title}\n"
        new = [row for row in _families(registry) if row[0] not in told]
        told |= {row[0] for row in new}
        yield from _table(("metric", "kind", "what it tells"), new)


def _families(registry: CollectorRegistry) -> Iterator[tuple[str, str, str]]:
    for family in registry.collect():
        ending = "_total" if family.type == "counter" else ""
        yield f"`{family.name}{ending}`", family.type, family.documentation


def _settings() -> Iterator[str]:
    yield "# Settings\n\nVariables that functions and the dispatcher read; secrets are named by their file.\n"
    about = _comments(Settings)
    yield from _table(
        ("variable", "default", "meaning"),
        (
            (f"`{PREFIX}{each.name.upper()}`", _default(each.default), about.get(each.name, ""))
            for each in fields(Settings)
        ),
    )


def _params(guide: str) -> Iterator[str]:
    """Yield every key that params.json may have.

    Raises:
        LookupError: the guide says nothing about one.
    """
    yield "# Keys of params.json\n\nEvery key that is understood; [the guide](../params.md) says what they do.\n"
    about = _comments(Params)
    keys = params.known_keys()
    missing = [key for key in keys if f"`{key}`" not in guide]
    if missing:
        raise LookupError(f"docs/params.md does not mention {missing}")
    yield from _table(
        ("key", "default", "meaning"),
        ((f"`{key}`", _default(getattr(Params(), key, "")), about.get(key, "")) for key in keys),
    )


def _comments(kind: type) -> dict[str, str]:
    """Return what the source says beside each field."""
    return dict(_COMMENT.findall(inspect.getsource(kind)))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""
