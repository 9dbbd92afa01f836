"""model.py, looked at without running it."""

import ast

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError


def check(text: str, file: str) -> None:
    """Refuse what cannot be a model: no Python, or no `model` in it.

    Raises:
        InvalidRequestError: with the line.
    """
    names = _names(_parsed(text, file))
    if "model" not in names:
        raise InvalidRequestError(
            f"{file} defines no `model`",
            stage="submit",
            file=file,
            hint=nearest("model", names) or "def model(idim): ... return a model",
        )


def packages(text: str, file: str) -> frozenset[str]:
    """Return the packages that it imports; those that it only tries to import do not count.

    Raises:
        InvalidRequestError: it is no Python.
    """
    found: set[str] = set()
    waiting: list[ast.AST] = [_parsed(text, file)]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Import(names=names):
                found.update(alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.partition(".")[0])
            case ast.Try(handlers=[_, *_]):
                pass
            case _:
                waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def _parsed(text: str, file: str) -> ast.Module:
    try:
        return ast.parse(text, filename=file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        message = getattr(error, "msg", None) or str(error) or "it is nested too deeply"
        raise InvalidRequestError(
            f"{file}, line {line}: {message}",
            stage="submit",
            file=file,
            hint=f"`python -m py_compile {file}` shows it",
        ) from error


def _names(tree: ast.Module) -> set[str]:
    """Return what the module may define, conditions and imports included."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.ImportFrom() | ast.Import():
                names.update(alias.asname or alias.name for alias in node.names)
            case _:
                pass
    return names
