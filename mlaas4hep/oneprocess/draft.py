"""A first set of files for a run, from a look at the data: to be read and changed by a person."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.formulas.named import entry_expression
from mlaas4hep.core.requests.parse import parse_files, parse_labels, parse_params
from mlaas4hep.core.selection.branches import choose
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.core.selection.roles import Role, role
from mlaas4hep.errors import ConflictError, InvalidRequestError
from mlaas4hep.oneprocess.entries import locate
from mlaas4hep.oneprocess.labelguess import by_branch, by_file, label_branch, no_label
from mlaas4hep.oneprocess.modeltext import model_text
from mlaas4hep.oneprocess.oddvalues import Odd, missing_rule, odd_values, parted, with_shares
from mlaas4hep.ports import DataSource

_ALIKE = 3  #: names from which on one pattern stands for them
_SHOWN = 20  #: names in one line
_FEW = 5  #: files, and branches of each, that a refusal names
_LARGE = 1_000_000  #: entries from which chunks are learnt one after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The files as they are: names for files.txt, and what each holds."""

    names: tuple[str, ...]
    places: tuple[str, ...]
    trees: tuple[TreeInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is written, and what a person should know about it."""

    texts: Mapping[str, str]  #: by file name
    links: Mapping[str, Path]  #: data on this machine, by its name in files.txt
    notes: tuple[str, ...]


def look(source: DataSource, files: Sequence[str], tree: str) -> Data:
    """Open the files and return what they hold.

    Raises:
        InvalidRequestError: one cannot be read, or two files have the same name.
    """
    located = [locate(file) for file in files]
    places = [place for place, _ in located]
    described = [_described(source, place, named or tree) for place, named in located]
    names = [place if "://" in place else Path(place).name for place in places]
    for name, count in Counter(names).items():
        if count > 1:
            raise InvalidRequestError(f"{count} files are called {name!r}", hint="rename one")
    return Data(names=tuple(names), places=tuple(places), trees=tuple(described))


def draft(source: DataSource, data: Data, name: str, label: str = "") -> Draft:
    """Return the files of a first run on the data.

    Args:
        name: of the upload, for submit.json.
        label: a branch, or an expression; empty: guessed, or one class a file.

    Raises:
        InvalidRequestError: nobody can tell what is to be learnt, or nothing is left to learn from.
    """
    shared = _shared(data.trees)
    if not shared:
        raise _nothing_shared(data)
    label = label or label_branch(shared)
    if not label and len(data.names) == 1:
        raise no_label(shared)
    kind, labels = by_branch(source, data.trees, label) if label else by_file(data.names)
    roles = _roles(shared, label)
    known = {branch.name for tree in data.trees for branch in tree.branches}
    unlike = sorted(known - shared.keys())
    excluded = [name for group in ("weight", "truth", "label") for name in roles[group]]
    by_policy = _left_out_by_policy(data.trees, unlike)
    excluded += [name for name in unlike if name not in by_policy]
    params = _params(data, roles["identifier"], _patterns(excluded, known))
    if by_policy:
        params["missing_branches"] = "common"
    texts = {
        "files.txt": "\n".join(_lines(data, params)) + "\n",
        "labels.txt": labels + "\n",
        "params.json": _json(params),
        "model.py": model_text(kind),
        "submit.json": _json(_submission(name)),
    }
    features = _features(texts, data)
    missing, odd = parted(odd_values(source, data.trees, features))
    if missing:
        texts["params.json"] = _json(params | {"missing": missing_rule(missing)})
    notes = (
        f"entries: {sum(tree.entries for tree in data.trees)}{_trees(data)}",
        _listed("features", features),
        _listed("identifiers", params.get("identifier", [])),
        *_left_out(roles, unlike),
        *_of_odd_values(missing, odd),
        f"to learn: {kind.task}, from {label or _labelled(data, labels)}",
        _listed("classes", [f"{number} is {text}" for number, text in enumerate(kind.classes)]),
    )
    return Draft(texts=texts, links=_links(data), notes=tuple(filter(None, notes)))


def _of_odd_values(missing: Odd, odd: Odd) -> tuple[str, str]:
    return (
        _listed("taken as missing, because far outside and repeated", with_shares(missing)),
        _listed(
            'far outside and repeated; "missing" of params.json if they mean it', with_shares(odd)
        ),
    )


def write(drafted: Draft, out: Path) -> None:
    """Write the files into a folder, and links to the data beside them.

    Raises:
        ConflictError: one of them is there already.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in drafted.texts:
        if (out / name).exists():
            raise ConflictError(
                f"{str(out / name)!r} exists already", file=name, hint="choose another --out"
            )
    for name, place in drafted.links.items():
        link = out / name
        if not link.exists():
            link.unlink(missing_ok=True)  # it may have led to a file that is gone
            link.symlink_to(place)
        elif link.resolve() != place:
            raise ConflictError(f"{str(link)!r} is another file", hint="choose another --out")
    for name, text in drafted.texts.items():
        (out / name).write_text(text, encoding="utf-8")


def _described(source: DataSource, place: str, tree: str) -> TreeInfo:
    """Return the tree that is named, or else the one with the most values.

    Entries alone do not tell: a NanoAOD file of few events has more entries in `Runs` than in `Events`.
    """
    names = (tree,) if tree else source.trees(place) or ("",)
    described = [source.describe(place, name) for name in names]
    return max(described, key=lambda info: (info.entries * len(info.branches), len(info.branches)))


def _shared(trees: Sequence[TreeInfo]) -> dict[str, BranchInfo]:
    """Return the branches that all files have, in each as numbers, rows or texts alike."""
    first, *others = [{branch.name: branch for branch in tree.branches} for tree in trees]
    return {
        name: branch
        for name, branch in first.items()
        if all(name in other and other[name].goes_with(branch) for other in others)
    }


def _left_out_by_policy(trees: Sequence[TreeInfo], unlike: Sequence[str]) -> frozenset[str]:
    """Return the branches that some files lack, if there are too many of them to list, or none."""
    lacked = frozenset(name for name in unlike if any(name not in tree.names for tree in trees))
    return lacked if len(lacked) > _SHOWN else frozenset()


def _nothing_shared(data: Data) -> InvalidRequestError:
    """Return the refusal of files without a branch that all have alike; each tells some of its own."""
    told_of = [
        f"{name} has {', '.join(branch.name for branch in tree.branches[:_FEW]) or 'none'}"
        for name, tree in list(zip(data.names, data.trees, strict=True))[:_FEW]
    ]
    return InvalidRequestError(
        f"no branch is in all files, of one kind, so that nothing can be learnt from them"
        f" together: {'; '.join(told_of)}",
        hint="name files of one production; if a file has several trees, say --tree",
    )


def _roles(shared: Mapping[str, BranchInfo], label: str) -> dict[Role, list[str]]:
    used = entry_expression(label, shared).names if label else frozenset()
    roles: dict[Role, list[str]] = {"identifier": [], "weight": [], "truth": [], "label": []}
    unused = sorted(shared.keys() - used)
    for name in unused:
        found = role(name)
        if found == "identifier" and (shared[name].jagged or shared[name].dtype[0] == "f"):
            found = "truth" if shared[name].jagged else "feature"
        if found != "feature":
            roles[found].append(name)
    if len(unused) == sum(map(len, roles.values())):
        raise InvalidRequestError(
            "nothing is left to learn from: what the files have alike are only the label,"
            f" identifiers, weights and truth: {', '.join(sorted(shared)[:_SHOWN])}",
            hint="names tell what a branch is for; rename features among them, or write params.json"
            " and the other files by hand",
        )
    return roles


def _patterns(names: Sequence[str], known: AbstractSet[str]) -> list[str]:
    """Return names, or one pattern for several that begin alike if it means no other branch."""
    others = known - set(names)
    found: dict[str, None] = {}
    for name in names:
        start = f"{name.partition('_')[0]}_"
        alike = sum(each.startswith(start) for each in names) >= _ALIKE
        is_safe = alike and not any(each.startswith(start) for each in others)
        found[f"{start}*" if is_safe else name] = None
    return list(found)


def _params(data: Data, identifiers: Sequence[str], excluded: Sequence[str]) -> dict[str, Any]:
    entries = sum(tree.entries for tree in data.trees)
    named = Counter(tree.tree for tree in data.trees if tree.tree).most_common(1)
    params: dict[str, Any] = {"branch": named[0][0]} if named else {}
    if identifiers:
        params["identifier"] = list(identifiers)
    if excluded:
        params["exclude_branches"] = list(excluded)
    return params | {
        "chunk_size": min(max(1000, entries // 20), 100_000),
        "training": "standard" if entries <= _LARGE else "chunked",
        "epochs": 10,
        "batch_size": 64,
        "metrics": True,
        "hist": "pdfs",
    }


def _lines(data: Data, params: Mapping[str, Any]) -> list[str]:
    usual = params.get("branch", "")
    return [
        name if tree.tree in ("", usual) else f"{name}:{tree.tree}"
        for name, tree in zip(data.names, data.trees, strict=True)
    ]


def _submission(name: str) -> dict[str, str]:
    texts = {"files": "files.txt", "labels": "labels.txt", "params": "params.json"}
    return {"name": name, **texts, "model": "model.py", "memory": "3gb", "cpus": "2"}


def _features(texts: Mapping[str, str], data: Data) -> tuple[str, ...]:
    """Return what will be learnt from, by the very code that decides it in a run."""
    params = parse_params(texts["params.json"], _nothing)
    files = parse_files(texts["files.txt"], params, str)
    labels = parse_labels(texts["labels.txt"], files)
    trees = dict(zip(data.names, data.trees, strict=True))
    return choose(trees, params, Preproc.parse(""), labels).features


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _nothing(_name: str) -> None:
    return None


def _trees(data: Data) -> str:
    names = sorted({tree.tree for tree in data.trees} - {""})
    return f", tree {', '.join(names)}" if names else ""


def _links(data: Data) -> dict[str, Path]:
    """Return the data that is on this machine, by its name in files.txt."""
    places = zip(data.names, data.places, strict=True)
    return {name: Path(place) for name, place in places if "://" not in place}


def _labelled(data: Data, labels: str) -> str:
    """Return which file is which class, for eyes."""
    told_of = [f"{name} is {label}" for name, label in zip(data.names, labels.split(), strict=True)]
    return ", ".join(told_of[:_SHOWN]) + (" …" if len(told_of) > _SHOWN else "")


def _left_out(roles: Mapping[Role, Sequence[str]], unlike: Sequence[str]) -> Iterator[str]:
    yield _listed("left out as weights", roles["weight"])
    yield _listed("left out as truth", roles["truth"])
    yield _listed("left out as other labels", roles["label"])
    yield _listed("left out, because not all files have them alike", unlike)


def _listed(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{what} ({len(names)}): {', '.join(names[:_SHOWN])}{more}" if names else ""
