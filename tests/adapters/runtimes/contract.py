"""What every runtime does; a class that inherits `RuntimeContract` says which model it serves."""

import json
import os
import signal

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from mlaas4hep.ports import TensorInfo

COLUMNS = 4


def stored(files, name="net"):
    """Return a store with a model of these files, by path, and its record."""
    store = MemoryStore(lambda: 0.0)
    for path, data in files.items():
        store.put(keys.model_file("o", name, "v", path), data)
    return store, ModelRecord(owner="o", name=name, version="v", files=tuple(files))


def net(serving_models, files):
    """Return the files of the network that `tests/model_factory.py` made, rows, and its answers."""
    folder = serving_models / "net"
    kept = json.loads((folder / "expected.json").read_text())
    answers = np.array(kept["rows"], np.float32), np.array(kept["expected"], np.float32)
    return {path: (folder / path).read_bytes() for path in files}, *answers


class RuntimeContract:
    """Inherit, and say what is served."""

    platform: str
    served: str  #: the file that is loaded
    entry = TensorInfo(name="input", dtype="float32", shape=(-1, -1))
    is_confined = True  #: in a process of its own

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, serving_models, tmp_path_factory):
        """Return the files of a bundle by path, rows, and what the model itself gives for them."""
        return cls.make(serving_models, tmp_path_factory.mktemp("model"))

    @classmethod
    def make(cls, serving_models, folder):
        """Return them; `folder` is empty."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def runtime(cls, made):
        return Runtimes().load(*stored(made[0]))

    @pytest.fixture
    def ask(self, runtime):
        def ask(rows):
            (output,) = runtime.run({self.entry.name: rows}).values()
            return output

        return ask

    def test_it_says_what_it_takes_and_gives(self, runtime, made):
        given = runtime.run({self.entry.name: made[1]})

        assert runtime.platform == self.platform
        assert runtime.inputs == (self.entry,)
        assert [each.name for each in runtime.outputs] == [*given]
        assert (runtime.prompt_rows == 0) == self.is_confined

    def test_any_number_of_rows_gets_what_the_model_gives(self, ask, made):
        _, rows, expected = made

        for count in (1, len(rows), 2):
            np.testing.assert_allclose(ask(rows[:count]), expected[:count], atol=1e-6)
        np.testing.assert_allclose(
            ask(np.tile(rows, (100, 1))), np.tile(expected, (100, 1)), atol=1e-6
        )

    def test_the_type_of_numbers_that_come_does_not_matter(self, ask, made):
        _, rows, expected = made

        for kind in (np.float64, ">f4"):
            np.testing.assert_allclose(ask(rows.astype(kind)), expected, atol=1e-6)
        np.testing.assert_allclose(ask(np.asfortranarray(rows)), expected, atol=1e-6)

    def test_rows_of_another_width_are_refused_and_nothing_is_left_of_them(self, ask, made):
        _, rows, expected = made

        for wrong in (rows[:, :2], np.hstack((rows, rows))):
            with pytest.raises(InvalidRequestError, match="refuses these inputs"):
                ask(wrong)

        np.testing.assert_allclose(ask(rows), expected, atol=1e-6)

    def test_what_runs_it_may_die_and_is_started_again(self, runtime, ask, made):
        if not self.is_confined:
            pytest.skip("it runs in the function's own process")
        _, rows, expected = made

        os.kill(runtime.process.pid, signal.SIGKILL)
        with pytest.raises(ServiceUnavailableError, match="ended"):
            ask(rows)

        np.testing.assert_allclose(ask(rows), expected, atol=1e-6)

    @pytest.mark.parametrize("content", [b"", b"nonsense", "half"])
    def test_a_damaged_file_is_refused(self, made, content, tmp_path):
        whole = made[0][self.served]
        damaged = whole[: len(whole) // 2] if content == "half" else content

        self.refuses({**made[0], self.served: damaged}, tmp_path)

    def refuses(self, files, _folder):
        """See that a damaged model is refused; `folder` is empty."""
        with pytest.raises(InvalidRequestError, match="cannot be loaded"):
            Runtimes().load(*stored(files))
