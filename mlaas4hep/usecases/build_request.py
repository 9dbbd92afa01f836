"""A request from the texts that people write, wherever they lie: one way for server and laptop."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mlaas4hep.core.requests import frameworks, parse
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.core.requests.inputs import weighing
from mlaas4hep.core.requests.labelling import labels_of_expressions, with_loss_columns
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params, Request, Resources
from mlaas4hep.core.requests.tarballs import modelcode
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError, MlaasError


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file that a person wrote."""

    name: str  #: as errors call it
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Everything that a request is made of; None: not given, where that is allowed."""

    files: Text
    params: Text
    labels: Text | None = None  #: None: every file has label 0
    preproc: Text | None = None
    model: Text | None = None
    beside: bytes = b""  #: a zip of what model.py may import and read


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the names in the texts mean here."""

    locate: Callable[[str], str]  #: a name of files.txt to its URL
    expand: Callable[[str], Sequence[str]]  #: a pattern of files.txt to names
    member: Callable[[str], str | None]  #: the text of a file that params.json names, if any
    frameworks: tuple[str, ...]  #: those that can train


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Whose request it is and what it is called."""

    owner: str
    folder: str
    run: str = ""  #: empty until it has a number
    upload: str = ""  #: digest of the tarball
    title: str = ""


def build_request(
    texts: Texts, name: Name, surroundings: Surroundings, resources: Resources
) -> Request:
    """Return the request that the texts make; no input file is opened.

    Raises:
        InvalidRequestError: one of them is wrong; names the file and what is near.
    """
    model = _model(texts.model)
    params = _params(texts.params, surroundings)
    framework = _framework(texts.model, params, surroundings)
    with _in(texts.files):
        files = parse.parse_files(
            texts.files.text, params, surroundings.locate, surroundings.expand
        )
    with _in(texts.params):
        files, params = weighing.weighed(files, params)
    preproc = _preproc(texts.preproc)
    labels = _labels(texts, files, params.fitting).scored_for(params.positive)
    labels = with_loss_columns(labels, params.fitting.loss_columns)
    _check_classes(params, labels)
    return Request(
        owner=name.owner,
        run=name.run,
        folder=name.folder,
        upload=name.upload,
        files=files,
        labels=labels,
        params=params,
        framework=framework,
        model_sha256=hashlib.sha256(model.encode() + texts.beside).hexdigest(),
        preproc=preproc,
        resources=resources,
        title=name.title,
    )


def _model(text: Text | None) -> str:
    if text is None:
        return ""
    with _in(text):
        modelcode.check(text.text, text.name)
    return text.text


def _framework(text: Text | None, params: Params, surroundings: Surroundings) -> str:
    """Return the likeliest framework of model.py; empty if there is none to train."""
    if text is None:
        return ""
    with _in(text):
        modelcode.check_arguments(text.text, text.name, dict(params.arguments))
        imported = modelcode.packages(text.text, text.name)
        return frameworks.choose(imported, params.framework, surroundings.frameworks)[0]


def _params(text: Text, surroundings: Surroundings) -> Params:
    with _in(text):
        return parse.parse_params(text.text, surroundings.member)


def _preproc(text: Text | None) -> str:
    if text is None:
        return ""
    with _in(text):
        Preproc.parse(text.text)
    return text.text


def _labels(texts: Texts, files: tuple[InputFile, ...], fitting: Fitting) -> Labels:
    text = texts.labels
    if fitting.labels:
        return _labels_of_params(texts, files, fitting)
    if any(file.label for file in files):
        return _own_labels(text, files)
    if text is None:
        return Labels(values=(0.0,) * len(files))
    with _in(text):
        return parse.parse_labels(text.text, files)


def _labels_of_params(texts: Texts, files: tuple[InputFile, ...], fitting: Fitting) -> Labels:
    """Return the labels that params.json says."""
    listed = texts.files.name if any(file.label for file in files) else ""
    other = texts.labels.name if texts.labels else listed
    if other:
        raise InvalidRequestError(
            f"both params.json and {other} say labels", hint="leave one of them away"
        )
    with _in(texts.params):
        return labels_of_expressions(fitting.labels)


def _check_classes(params: Params, labels: Labels) -> None:
    """Refuse factors of classes that there are not.

    Raises:
        InvalidRequestError: names the class, or says that there are no classes.
    """
    weighting = params.weighting
    if labels.others and (weighting.class_weight or weighting.balance == "classes"):
        key = "class_weight" if weighting.class_weight else "balance"
        raise InvalidRequestError(
            f"params.json: {key} needs one label, and there are {len(labels.expressions)} columns",
            hint='"weight" may be an expression of them, such as "1 + 9 * isB"',
        )
    for name, _ in params.weighting.factors_of_classes:
        labels.number_of(name, "class_weight")


def _own_labels(text: Text | None, files: tuple[InputFile, ...]) -> Labels:
    """Return the labels that files.json says."""
    if text is not None:
        raise InvalidRequestError(
            f"both files.json and {text.name} say labels", hint="leave one of them away"
        )
    silent = next((file.name for file in files if not file.label), None)
    if silent is not None:
        raise InvalidRequestError(f"files.json says no label for {silent!r}", file=silent)
    return parse.labels_of_files([file.label for file in files], "files.json")


@contextmanager
def _in(text: Text) -> Iterator[None]:
    """Say in which file a mistake is."""
    try:
        yield
    except MlaasError as error:
        raise error.located(file=text.name) from error.__cause__
