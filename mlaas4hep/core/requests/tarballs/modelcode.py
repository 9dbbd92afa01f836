"""model.py, looked at without running it."""

import ast
from collections.abc import Iterable

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError


def check(text: str, file: str) -> None:
    """Refuse what cannot be a model: no Python, or no `model` in it.

    Raises:
        InvalidRequestError: with the line.
    """
    tree = _parsed(text, file)
    if not any(_defines_model(node) for node in ast.walk(tree)):
        close = nearest("model", _definitions(tree))
        raise InvalidRequestError(
            f"{file} defines no `model`",
            stage="submit",
            file=file,
            hint="; ".join(filter(None, (close, "def model(idim): … returns the model"))),
        )


def check_arguments(text: str, file: str, names: Iterable[str]) -> None:
    """Refuse arguments that `model` does not take, where it is defined once and takes named ones.

    Raises:
        InvalidRequestError: names the first, and those that it takes.
    """
    takes = _arguments(_parsed(text, file))
    unknown = sorted(set(names) - set(takes)) if takes is not None else []
    if takes is not None and unknown:
        raise InvalidRequestError(
            f"{file}: `model` takes no argument {unknown[0]!r}",
            stage="submit",
            file=file,
            hint=f"it takes {', '.join(takes) or 'none'}; write def model(idim, {unknown[0]}=…)",
        )


def _arguments(tree: ast.Module) -> list[str] | None:
    """Return the names that `model` takes; None: only running model.py tells."""
    found = [node for node in ast.walk(tree) if _defines_model(node)]
    if len(found) != 1 or found[0] not in tree.body or not isinstance(found[0], ast.FunctionDef):
        return None
    given = found[0].args
    if found[0].decorator_list or given.kwarg is not None:
        return None
    return [each.arg for each in (*given.args, *given.kwonlyargs)]


def _defines_model(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef(name="model") | ast.ClassDef(name="model"):
            return True
        case ast.Name(id="model", ctx=ast.Store()):
            return True
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return any((each.asname or each.name) in ("model", "*") for each in names)
    return False


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


def _definitions(tree: ast.Module) -> set[str]:
    """Return the names of the functions and classes that the module may define."""
    nodes = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, nodes)}
