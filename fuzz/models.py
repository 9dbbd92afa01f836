"""Models of every kind that can be uploaded, loaded and asked as their confined process does it.

There a model may break what reads it: the process ends, and the upload is refused. So that is
counted and is no finding, but for what is left of a process: it must end by itself or by its limit.
"""

import io
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.target import Read, Target
from mlaas4hep.adapters.runtimes.confined import child
from mlaas4hep.adapters.runtimes.entry import STRINGS, Entry
from mlaas4hep.errors import InvalidRequestError

_FEATURES, _ROWS = 4, 3
_CONFIG = "config.json"


def _reader(
    engine: str, file: str, folder: Path, *, packed: bool = False, framework: str = ""
) -> Read:
    os.environ["OMP_NUM_THREADS"] = "1"  # a fork has no threads of who was forked
    loader = child.prepare(engine)
    if engine == "native":
        import_module(f"mlaas4hep.adapters.native.{framework}")
    work = folder / "model"
    (work / file).parent.mkdir(parents=True, exist_ok=True)
    if file == "saved_model.pb":
        shutil.copytree(_keras(folder) / "variables", work / "variables", dirs_exist_ok=True)

    def read(data: bytes) -> object:
        (work / file).write_bytes(_packed(folder, data) if packed else data)
        try:
            entries: dict[str, Entry] = loader.load(work, file, "", "")
            return {name: each.run(_rows(each)) for name, each in entries.items()}
        except (Exception, MemoryError) as error:  # a model is a program
            raise InvalidRequestError(str(error)[:100]) from error

    return read


def _rows(entry: Entry) -> dict[str, Any]:
    feeds = {}
    for name, kind, shape in entry.inputs:
        sizes = [_FEATURES if size < 0 else size for size in (shape or (-1, -1))[1:]]
        if np.prod([float(size) for size in sizes]) > 1e6:  # noqa: PLR2004 - nobody sends such rows
            raise ValueError("a row is too large")
        feeds[name] = np.ones((_ROWS, *sizes), object if kind == STRINGS else kind)
    return feeds


def _packed(folder: Path, config: bytes) -> bytes:
    """Return the good .keras file with another description of its layers."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(_keras(folder) / "model.keras") as good,
        zipfile.ZipFile(file, "w") as made,
    ):
        for name in good.namelist():
            made.writestr(name, config if name == _CONFIG else good.read(name))
    return file.getvalue()


def _keras(folder: Path) -> Path:
    """Return a folder with one model in every form that TensorFlow writes; made once a run."""
    made = folder.parent / "keras"
    if not made.is_dir():
        import tensorflow as tf  # noqa: PLC0415 - takes seconds

        from tests import model_factory  # noqa: PLC0415 - the same

        model = model_factory.dense(2, "softmax")
        model_factory.save(model, made)
        model.save(made / "model.keras")
        model.save(made / "model.h5")
        model_factory.frozen(model, made / "frozen.pb")
        tf.keras.backend.clear_session()
    return made


def _of_keras(file: str, folder: Path) -> Sequence[bytes]:
    return [(_keras(folder) / file).read_bytes()]


def _config(folder: Path) -> Sequence[bytes]:
    with zipfile.ZipFile(_keras(folder) / "model.keras") as good:
        return [good.read(_CONFIG)]


def _onnx(_folder: Path) -> Sequence[bytes]:
    from tests import onnx_models  # noqa: PLC0415 - not every environment has onnx

    return [onnx_models.dense(), onnx_models.pair(), onnx_models.tree(), onnx_models.sums()]


def _sample() -> tuple[Any, Any]:
    dice = np.random.default_rng(5)
    rows = dice.random((200, _FEATURES)).astype(np.float32)
    return rows, (rows.sum(axis=1) > _FEATURES / 2).astype(int)


def _xgboost(_folder: Path) -> Sequence[bytes]:
    import xgboost  # noqa: PLC0415 - the same

    rows, labels = _sample()
    trees = xgboost.XGBClassifier(n_estimators=3, max_depth=3, n_jobs=1).fit(rows, labels)
    return [bytes(trees.get_booster().save_raw("ubj"))]


def _lightgbm(folder: Path) -> Sequence[bytes]:
    import lightgbm  # noqa: PLC0415 - the same

    rows, labels = _sample()
    trees = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=7, n_jobs=1, verbose=-1)
    trees.fit(rows, labels).booster_.save_model(folder / "good.txt")
    return [(folder / "good.txt").read_bytes()]


def _target(
    name: str, engine: str, file: str, seeds: Callable[[Path], Sequence[bytes]], **more: Any
) -> Target:
    make = partial(_reader, engine, file, packed=more.pop("packed", False), framework=name)
    seconds = 5 if engine == "tensorflow" else 1
    return Target(
        name=f"model {name}", make=make, seeds=seeds, may_break=True, seconds=seconds, **more
    )


_LAYERS = (b'"class_name"', b'"Lambda"', b'"config"', b'"module"', b'"registered_name"', b"{", b"}")
TARGETS = (
    _target("tflite", "rehearsal", "model.tflite", partial(_of_keras, "model.tflite")),
    _target("onnx", "onnx", "model.onnx", _onnx),
    _target("xgboost", "native", "model.ubj", _xgboost),
    _target("lightgbm", "native", "model.txt", _lightgbm),
    _target("savedmodel", "tensorflow", "saved_model.pb", partial(_of_keras, "saved_model.pb")),
    _target("frozen", "tensorflow", "frozen.pb", partial(_of_keras, "frozen.pb")),
    _target("keras", "tensorflow", "model.keras", partial(_of_keras, "model.keras")),
    _target(
        "keras layers", "tensorflow", "model.keras", _config, packed=True, words=_LAYERS, share=2
    ),
    _target("h5", "tensorflow", "model.h5", partial(_of_keras, "model.h5")),
)
