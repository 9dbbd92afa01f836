"""What every framework does; a class that inherits `FrameworkContract` names its models."""

import functools
import itertools

import numpy as np
import onnxruntime
import pytest

from mlaas4hep.adapters.runtimes.native import load as native
from mlaas4hep.adapters.trainers.child import checkpoint
from mlaas4hep.adapters.trainers.child.assessment import evaluation
from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.checkpoint import Position
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.fitting import total_rounds
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.adapters.trainers.loading import installed, load
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.models.bundle.kinds import MODEL_KINDS, kind_of
from mlaas4hep.core.models.figures import roc
from mlaas4hep.core.requests.frameworks import SEVERAL_LABELS, info
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from mlaas4hep.core.requests.request import MetricsRequest, Resources
from tests.adapters.trainers.frameworks.folds import FOLDS, Folded, Parted, trained_and_taken_up
from tests.adapters.trainers.frameworks.trainings import (
    CHUNKS,
    COLUMNS,
    ENTRIES,
    TASKS,
    Chunks,
    Training,
)


class FrameworkFixtures:
    """Inherit, and give the name and models of a framework."""

    name: str
    models: dict[str, str]  #: task to the text of a model.py that learns it

    @pytest.fixture(autouse=True)
    def _installed(self):
        if self.name not in installed():
            pytest.skip(f"the extra `{info(self.name).extra}` is not installed")

    @pytest.fixture
    def train(self, tmp_path):
        def train(task, text="", **how):
            return Training(
                self.name, tmp_path / "model.py", text or self.models[task], task, **how
            )

        return train

    @pytest.fixture(scope="class")
    @classmethod
    def learned(cls, tmp_path_factory):
        """Return a function that gives the training of a task, done once for all who only look."""

        @functools.cache
        def learned(task):
            path = tmp_path_factory.mktemp(task) / "model.py"
            return Training(cls.name, path, cls.models[task], task).finish()

        return learned


class FrameworkContract(FrameworkFixtures):
    """Inherit, and give what is wrong besides."""

    wrong: dict[str, str]  #: text of a model.py to the words that refuse it
    native = ""  #: the file that is served where ONNX is not written
    unconvertible: dict[str, str] = {}  #: like `models`, if the file is written only for these

    @pytest.mark.parametrize("task", TASKS)
    def test_a_model_is_built_and_described(self, train, task):
        summary = train(task).model.summary

        assert (summary.task, summary.input_width) == (task, COLUMNS)
        assert summary.output_shape == ((3,) if task == "multiclass" else (1,))
        assert summary.layers
        assert summary.loss

    @pytest.mark.parametrize("task", TASKS)
    def test_it_learns(self, learned, task):
        training = learned(task)

        labels, outputs = training.predictions()
        assert {"loss", "val_loss"} <= set(training.history[-1])
        assert len(training.history) <= total_rounds(training.model, training.job)
        assert training.labels.task == task
        if task == "binary":
            assert roc(labels > 0.5, outputs[:, 0]).area > 0.95
        elif task == "multiclass":
            assert np.mean(outputs.argmax(axis=1) == labels) > 0.8
        else:
            assert np.corrcoef(outputs[:, 0], labels)[0, 1] > 0.95

    @pytest.mark.parametrize("task", ["binary", "regression"])
    def test_a_training_that_was_killed_ends_with_the_same_bits(
        self, train, learned, task, tmp_path
    ):
        whole = learned(task)
        stops = total_rounds(whole.model, whole.job) // 2
        killed = train(task)
        history = tuple(itertools.islice(killed.rounds(), stops))
        if history:
            position = Position(rounds=stops, history=history)
            checkpoint.save(tmp_path / "c.npz", killed.model, position, "print")

        resumed = train(task, done=stops)
        if history:
            assert checkpoint.restore(tmp_path / "c.npz", resumed.model, "print") == position
        resumed.finish()

        assert [*history, *resumed.history] == whole.history
        np.testing.assert_array_equal(resumed.predictions()[1], whole.predictions()[1])

    def test_each_model_of_a_k_fold_training_is_the_one_that_never_saw_its_fold(
        self, train, tmp_path
    ):
        params = {"epochs": 2, "splitting": Splitting(folds=FOLDS)}

        def make():
            return Folded(train("binary", params=params), Chunks("binary"))

        folded, whole, resumed = trained_and_taken_up(make, tmp_path / "c.npz")
        bundle = tmp_path / "bundle"
        bundle.mkdir()
        exported = folded.model.export(bundle, next(folded.data.chunks([0])).x[:100])
        np.testing.assert_allclose(folded.served(bundle), folded.predictions(), atol=1e-5)

        np.testing.assert_array_equal(resumed.predictions(), folded.predictions())
        alone = train("binary", params={**params, "splitting": Splitting(validation="x")})
        alone.data._feed = Parted(alone.data._feed, fold=2)
        alone.finish()
        own = [{k: v for k, v in m.items() if k != "fold"} for m in whole if m["fold"] == 2]
        assert own == alone.history
        places = np.arange(CHUNKS * ENTRIES) % ENTRIES % FOLDS == 2
        expected = alone.predictions()[1]
        np.testing.assert_array_equal(folded.predictions()[places], expected)
        assert {one.file for one in exported.conversions} >= {
            f"fold{fold}/model.onnx" for fold in range(FOLDS)
        }

    def test_entries_count_as_their_weights_say(self, train, learned):
        plain = learned("binary")
        heavy = ((0.0, 1.0), (1.0, 30.0))
        weighted = train("binary", weights=TrainingWeights(is_used=True, classes=heavy)).finish()

        assert weighted.predictions()[1].mean() > plain.predictions()[1].mean() + 0.005

    def test_a_checkpoint_of_no_such_model_is_not_used(self, train, tmp_path):
        training = train("binary")
        (tmp_path / "c.npz").write_bytes(b"PK broken")

        assert checkpoint.restore(tmp_path / "c.npz", training.model, "print") is None

    @pytest.mark.parametrize("task", TASKS)
    def test_what_is_exported_gives_the_same_for_other_entries(self, learned, task, tmp_path):
        training = learned(task)
        bundle = tmp_path / "bundle"
        bundle.mkdir()
        chunk = next(training.data.chunks([0]))

        exported = training.model.export(bundle, chunk.x[:200])

        assert {one.file for one in exported.conversions} <= {p.name for p in bundle.iterdir()}
        assert all(one.difference <= one.tolerance for one in exported.conversions)
        assert "model.onnx" in {one.file for one in exported.conversions}
        session = onnxruntime.InferenceSession(bundle / "model.onnx")
        (given,), (gives,) = session.get_inputs(), session.get_outputs()
        assert (given.name, gives.name) == ("input", "scores")
        assert given.shape[-1] == COLUMNS
        rest = np.arange(200, ENTRIES, dtype=np.int32)
        expected = training.model.predict(Block(x=chunk.x, y=chunk.labels, order=rest))
        got = session.run([gives.name], {given.name: chunk.x[200:]})[0]
        np.testing.assert_allclose(got, expected, atol=1e-5)

    @pytest.mark.parametrize("task", TASKS)
    def test_what_does_not_convert_is_served_by_the_framework_itself(
        self, train, learned, task, tmp_path
    ):
        if not self.native:
            pytest.skip("served by TensorFlow, as a SavedModel")
        text = self.unconvertible.get(task)
        training = train(task, text).finish() if text else learned(task)
        bundle = tmp_path / "bundle"
        bundle.mkdir()
        chunk = next(training.data.chunks([0]))
        training.model.export(bundle, chunk.x[:200])

        (entry,) = native.load(bundle, self.native, "", "").values()

        everything = Block(x=chunk.x, y=chunk.labels, order=np.arange(ENTRIES, dtype=np.int32))
        expected = training.model.predict(everything)
        np.testing.assert_allclose(entry.run({"input": chunk.x})["scores"], expected, rtol=1e-6)
        assert (kind_of(self.native) or MODEL_KINDS[0]).engine == "native"

    def test_a_class_that_does_not_fit_is_named(self, train):
        training = train("multiclass", labels=())

        with pytest.raises(TrainingError, match=r"label 0\.5 does not fit"):
            training.model.check_labels(np.array([0, 0.5], np.float32))

    def test_classes_that_only_entries_tell_have_figures_of_all_of_them(self, train):
        params = {"metrics": MetricsRequest(wanted=True)}
        training = train("multiclass", labels=(), params=params).finish()
        results = Results(training.model, training.job)
        results.collect(training.data.chunks(results.chunks))

        figures = results.figures(training.labels)

        assert training.labels.task == "multiclass"
        assert dict(evaluation.metrics(figures))["test_auc"] > 0.8
        assert {len(each.matrix) for each in figures} == {3}

    def test_one_class_alone_is_refused(self, train):
        training = train("binary", labels=())
        training.data._feed = OneClass(training.data._feed)

        with pytest.raises(TrainingError, match="all entries have label 1"):
            training.finish()

    def test_a_bad_model_is_refused_in_words(self, train, subtests):
        for text, message in self.wrong.items():
            with subtests.test(text):
                with pytest.raises(TrainingError, match=message) as caught:
                    train("binary", text)
                assert caught.value.hint

    def test_a_gpu_that_is_not_there_is_not_replaced_by_processors(self, train):
        with pytest.raises(TrainingError, match=r"asks for a GPU, and .* sees none") as caught:
            train("binary", resources=Resources(device="gpu"))

        assert '"device": "cpu"' in caught.value.hint

    def test_several_labels_are_refused_where_they_cannot_be_learned(self, train):
        if SEVERAL_LABELS in info(self.name).takes:
            pytest.skip("it learns them")

        with pytest.raises(
            TrainingError, match=r"there are 2 label columns \(isB, isC\)"
        ) as caught:
            train("binary", label_columns=LabelColumns(names=("isB", "isC")))

        assert caught.value.hint

    def test_versions_are_told(self):
        versions = dict(load(self.name).versions())

        assert "numpy" in versions
        assert all(versions.values())


class OneClass:
    """A feed whose entries are all signal."""

    def __init__(self, feed):
        self._feed = feed

    def chunks(self, indices):
        for index, chunk in self._feed.chunks(indices):
            yield index, decode(encode(chunk.x, np.ones(ENTRIES, np.float32)))
