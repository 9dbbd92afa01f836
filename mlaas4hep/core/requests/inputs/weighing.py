"""Which number and which cross section each file has, and which files are one sample."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from mlaas4hep.core.data.weighting import PerFile
from mlaas4hep.core.requests.params.parse_weights import unused
from mlaas4hep.core.requests.request import InputFile, Params
from mlaas4hep.errors import InvalidRequestError

_Found = tuple[float, str]  #: the number, and the line or pattern that says it


def weighed(files: Sequence[InputFile], params: Params) -> tuple[tuple[InputFile, ...], Params]:
    """Return the files with their numbers, and parameters that know whether there are any.

    Raises:
        InvalidRequestError: there are more or fewer numbers than lines, a pattern matches no file,
            or a file has no cross section where all need one.
    """
    weighting = params.weighting
    number = _lookup("weight", weighting.numbers, files)
    xsec = _lookup("xsec", weighting.xsec, files)
    done = tuple(_with(file, number(file), xsec(file)) for file in files)
    if weighting.norm == "xsec" or any(file.xsec is not None for file in done):
        _check_all_known(done)
    per_file = any(file.weight != 1.0 for file in done)
    norm = "xsec" if all(file.xsec is not None for file in done) else weighting.norm
    if norm == "none" and weighting.luminosity != 1.0:
        raise unused("luminosity")
    return done, replace(params, weighting=replace(weighting, per_file=per_file, norm=norm))


def _with(file: InputFile, number: _Found | None, xsec: _Found | None) -> InputFile:
    if number is not None:
        file = replace(file, weight=number[0])
    if xsec is not None:
        return replace(file, xsec=xsec[0], sample=xsec[1])
    return file if file.xsec is None or file.sample else replace(file, sample=str(file.line))


def _lookup(
    key: str, per_file: PerFile, files: Sequence[InputFile]
) -> Callable[[InputFile], _Found | None]:
    if per_file.by_line:
        return _by_line(key, per_file.by_line, files)
    for pattern, _ in per_file.by_name:
        if not any(_matches(file, pattern) for file in files):
            raise InvalidRequestError(
                f"params.json: {key}: no file of files.txt matches {pattern!r}",
                hint=f"the first one is {files[0].name!r}; patterns such as '*ttbar*' may be used",
            )

    def by_name(file: InputFile) -> _Found | None:
        found = (each for each in per_file.by_name if _matches(file, each[0]))
        first = next(found, None)
        if first is None and per_file.by_name:
            raise InvalidRequestError(
                f"params.json: {key} has no number for {file.name!r}", file=file.name
            )
        return None if first is None else (first[1], first[0])

    return by_name


def _by_line(
    key: str, numbers: Sequence[float], files: Sequence[InputFile]
) -> Callable[[InputFile], _Found | None]:
    lines = list(dict.fromkeys(file.line for file in files))
    if len(lines) != len(numbers):
        raise InvalidRequestError(
            f"params.json: {key} has {len(numbers)} numbers, but files.txt has {len(lines)} lines",
            hint="one number for each line",
        )
    found = {line: (number, str(line)) for line, number in zip(lines, numbers, strict=True)}
    return lambda file: found[file.line]


def _matches(file: InputFile, pattern: str) -> bool:
    return file.name == pattern or fnmatchcase(file.name, pattern)


def _check_all_known(files: Sequence[InputFile]) -> None:
    known: dict[str, float | None] = {}
    for file in files:
        if known.setdefault(file.sample, file.xsec) != file.xsec:
            raise InvalidRequestError(
                f"sample {file.sample!r} has two cross sections, {known[file.sample]} and"
                f" {file.xsec}",
                file=file.name,
                hint="files of one sample are normalised together",
            )
        if file.xsec is None:
            raise InvalidRequestError(
                f"weight_norm is 'xsec', but nothing says the cross section of {file.name!r}",
                file=file.name,
                hint='params.json: "xsec": {"*ttbar*": 831.76, "*": 61526.7}',
            )
