"""Commands that need no server: one step, or a whole run, in this process."""

from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.cli.options import Json

_PANEL = "On this machine, without a server"
_FILE = {"exists": True, "dir_okay": False, "show_default": False}

Files = Annotated[Path, typer.Option(help="files.txt: one file a line.", **_FILE)]
Params = Annotated[Path, typer.Option(help="params.json", **_FILE)]
Labels = Annotated[
    Path | None, typer.Option(help="labels.txt, if files.json says no labels.", **_FILE)
]
Preproc = Annotated[Path | None, typer.Option(help="preproc.json", **_FILE)]
Memory = Annotated[str, typer.Option(help="What the training may use.")]
Cpus = Annotated[float, typer.Option(help="What the training may use.", min=0.1)]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (init, check, run, specs, chunks, train):
        app.command(rich_help_panel=_PANEL)(command)


def init(
    files: Annotated[
        list[str], typer.Argument(help="FILE or FILE:TREE, or addresses.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write; called as the first file if empty.", file_okay=False),
    ] = None,
    tree: Annotated[str, typer.Option(help="The tree, if files have several.")] = "",
    label: Annotated[str, typer.Option(help="Branch or expression to learn.")] = "",
) -> None:
    """Look into files and write a first files.txt, labels.txt, params.json, model.py, submit.json.

    With several files each is a class, unless a branch is called label, target or such. Identifiers,
    weights and truth are recognised by their names and left out. Read what it says, and change what
    it wrote.

    Example: `mlaas4hep init signal.root background.root --out luca`
    """
    from mlaas4hep.cli.oneprocess import write_draft  # noqa: PLC0415 - slow to load

    write_draft(files, out, tree, label)


def check(
    folder: Annotated[
        Path, typer.Argument(help="With files.txt, labels.txt, model.py, params.json.")
    ],
    memory: Memory = "3gb",
    cpus: Cpus = 2.0,
    json: Json = False,
) -> None:
    """Say what a run would learn, from a sample: features, what is left out and why, doubts, the model.

    Example: `mlaas4hep check examples/single_top`
    """
    from mlaas4hep.cli.oneprocess import check_folder  # noqa: PLC0415 - slow to load

    check_folder(folder, memory, cpus, json)


def run(
    folder: Annotated[
        Path, typer.Argument(help="With files.txt, labels.txt, model.py, params.json.")
    ],
    out: Annotated[Path | None, typer.Option(help="For the model; FOLDER/model if empty.")] = None,
    memory: Memory = "3gb",
    cpus: Cpus = 2.0,
    json: Json = False,
) -> None:
    """Do a whole run in this process: measure, prepare, train, and write the model.

    A preproc.json in the folder is used.

    Example: `mlaas4hep run examples/single_top`
    """
    from mlaas4hep.cli.oneprocess import run_folder  # noqa: PLC0415 - slow to load

    run_folder(folder, out or folder / "model", memory, cpus, json)


def specs(
    files: Files,
    params: Params,
    out: Annotated[Path, typer.Option(help="For the specs, as JSON.")] = Path("specs.json"),
    preproc: Preproc = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="labels.txt; a branch that is the label is left out.", **_FILE),
    ] = None,
    json: Json = False,
) -> None:
    """Measure the branches of files: ranges, widths, numbers of entries.

    Example: `mlaas4hep specs --files files.txt --params params.json --out specs.json`
    """
    from mlaas4hep.cli.oneprocess import write_specs  # noqa: PLC0415 - slow to load
    from mlaas4hep.oneprocess.folder import Paths  # noqa: PLC0415 - slow to load

    paths = Paths(files=files, params=params, labels=labels, preproc=preproc)
    write_specs(paths, out, json)


def chunks(
    files: Files,
    params: Params,
    specs: Annotated[Path, typer.Option(help="From `mlaas4hep specs`.", **_FILE)],
    out: Annotated[Path, typer.Option(help="Folder for the arrays.", file_okay=False)],
    labels: Labels = None,
    preproc: Preproc = None,
    json: Json = False,
) -> None:
    """Make training arrays: `.npz` files with x, mask and y, and manifest.json.

    Example: `mlaas4hep chunks --files files.txt --labels labels.txt --params params.json --specs
    specs.json --out chunks`
    """
    from mlaas4hep.cli.oneprocess import write_chunks  # noqa: PLC0415 - slow to load
    from mlaas4hep.oneprocess.folder import Paths  # noqa: PLC0415 - slow to load

    paths = Paths(files=files, params=params, labels=labels, preproc=preproc)
    write_chunks(paths, specs, out, json)


def train(
    chunks: Annotated[Path, typer.Option(help="Folder from `mlaas4hep chunks`.", file_okay=False)],
    model: Annotated[Path, typer.Option(help="model.py", **_FILE)],
    params: Params,
    out: Annotated[Path, typer.Option(help="Folder for the model.", file_okay=False)],
    memory: Memory = "3gb",
    cpus: Cpus = 2.0,
    json: Json = False,
) -> None:
    """Train a model on arrays, and write its bundle.

    Example: `mlaas4hep train --chunks chunks --model model.py --params params.json --out model`
    """
    from mlaas4hep.cli.oneprocess import resources, train_chunks  # noqa: PLC0415 - slow to load
    from mlaas4hep.oneprocess.folder import read_model, read_params  # noqa: PLC0415 - slow to load
    from mlaas4hep.oneprocess.train import WantedTraining  # noqa: PLC0415 - slow to load

    wanted = WantedTraining(
        name="model",
        model=read_model(model),
        params=read_params(params),
        resources=resources(memory, cpus),
    )
    train_chunks(chunks, wanted, out, json)
