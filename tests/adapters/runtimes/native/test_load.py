"""Models in the format of the framework that trained them, each in a process of its own."""

import pickle

import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.entry import ModelError
from mlaas4hep.adapters.runtimes.native.load import load
from mlaas4hep.ports import TensorInfo
from tests.adapters.runtimes.contract import COLUMNS, RuntimeContract


class NativeContract(RuntimeContract):
    """A process that imports one of these frameworks costs seconds."""

    platform = "native"
    entry = TensorInfo(name="input", dtype="float32", shape=(-1, COLUMNS))

    def test_it_says_how_many_scores_a_row_gets(self, runtime, made):
        assert [each.shape for each in runtime.outputs] == [(-1, made[2].shape[1])]

    def refuses(self, files, folder):
        """Ask for half a model in a process of its own, and for what is none at all in this one."""
        if len(files[self.served]) > len(b"nonsense"):
            super().refuses(files, folder)
            return
        (folder / self.served).write_bytes(files[self.served])
        with pytest.raises(ModelError, match=f"{self.served} is no model of"):
            load(folder, self.served, "", "")


def sample():
    """Return entries and labels that are easy to learn."""
    rows = np.random.default_rng(5).random((200, COLUMNS), np.float32)
    return rows, (rows[:, 0] > rows[:, 1]).astype(int)


class TestSklearn(NativeContract):
    served = "model.pickle"

    @classmethod
    def make(cls, _serving_models, _folder):
        ensemble = pytest.importorskip("sklearn.ensemble")
        x, y = sample()
        model = ensemble.RandomForestClassifier(8, n_jobs=2, random_state=6).fit(x, y)
        return {cls.served: pickle.dumps(model)}, x[:6], model.predict_proba(x[:6])[:, 1:]


class TestXgboost(NativeContract):
    served = "model.ubj"

    @classmethod
    def make(cls, _serving_models, folder):
        xgboost = pytest.importorskip("xgboost")
        x, y = sample()
        model = xgboost.XGBClassifier(n_estimators=5).fit(x, y)
        model.get_booster().save_model(folder / cls.served)
        files = {cls.served: (folder / cls.served).read_bytes()}
        return files, x[:6], model.predict_proba(x[:6])[:, 1:]


def test_what_has_no_trees_is_refused_before_anybody_asks_it(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    linear = xgboost.XGBRegressor(booster="gblinear", n_estimators=3).fit(*sample())
    linear.save_model(tmp_path / "model.ubj")

    with pytest.raises(ModelError, match="gblinear has no trees"):
        load(tmp_path, "model.ubj", "", "")


class TestLightgbm(NativeContract):
    served = "model.txt"

    @classmethod
    def make(cls, _serving_models, folder):
        lightgbm = pytest.importorskip("lightgbm")
        x, y = sample()
        model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(x, y)
        model.booster_.save_model(folder / cls.served)
        files = {cls.served: (folder / cls.served).read_bytes()}
        return files, x[:6], model.booster_.predict(x[:6])[:, None]


class TestTorch(NativeContract):
    served = "model.torch"

    @classmethod
    def make(cls, _serving_models, _folder):
        torch = pytest.importorskip("torch", reason="the extra `torch` is not installed")
        from mlaas4hep.adapters.native.torch import Scores, scores  # noqa: PLC0415 - it needs torch

        model = Scores(torch.nn.Linear(COLUMNS, 1), "sigmoid").eval()
        x, _ = sample()
        model.columns = COLUMNS
        return {cls.served: pickle.dumps(model)}, x[:6], scores(model, x[:6])
