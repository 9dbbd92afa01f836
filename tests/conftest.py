"""Fixtures that every room may use."""

import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real ROOT files that lies beside the clone; skip without it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"there is no folder {folder} with real ROOT files")
    return folder


@pytest.fixture(scope="session")
def serving_models(request, tmp_path_factory) -> Path:
    """Return a folder of small trained models, made once and kept in pytest's cache."""
    if find_spec("tensorflow") is None:
        pytest.skip("the models are made with TensorFlow")
    factory = Path(__file__).with_name("model_factory.py")
    version = hashlib.sha256(factory.read_bytes()).hexdigest()[:12]
    kept = request.config.cache.mkdir("serving-models") / version
    if not kept.is_dir():
        made = tmp_path_factory.mktemp("serving-models")
        subprocess.run([sys.executable, factory, made], check=True, capture_output=True)
        shutil.copytree(made, kept, dirs_exist_ok=True)
    return kept
