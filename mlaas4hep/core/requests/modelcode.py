"""model.py, looked at without running it."""

import ast

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError


def check(text: str, file: str) -> None:
    """Refuse what cannot be a model: no Python, or no `model` in it.

    Raises:
        InvalidRequestError: with the line.
    """
    try:
        tree = ast.parse(text, filename=file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        message = getattr(error, "msg", None) or str(error) or "it is nested too deeply"
        raise InvalidRequestError(
            f"{file}, line {line}: {message}",
            stage="submit",
            file=file,
            hint=f"`python -m py_compile {file}` shows it",
        ) from error
    names = _names(tree)
    if "model" not in names:
        raise InvalidRequestError(
            f"{file} defines no `model`",
            stage="submit",
            file=file,
            hint=nearest("model", names) or "def model(idim): ... return a compiled Keras model",
        )


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
