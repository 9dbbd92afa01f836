"""What a training makes is stored as it comes, up to a limit."""

import io
from types import SimpleNamespace

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core.requests.request import Params
from mlaas4hep.errors import TooLargeError
from mlaas4hep.pipeline.training.bundles import Bundle


def test_all_files_together_may_be_as_large_as_said_and_no_larger():
    request = SimpleNamespace(owner="a", run="luca_1", model_sha256="0", params=Params())
    plan = SimpleNamespace(inputs=SimpleNamespace(request=request), specs_key="s")
    models = MemoryStore(lambda: 0.0)
    bundle = Bundle(plan, SimpleNamespace(models=models), most_bytes=10)

    bundle.add("one", io.BytesIO(b"123456"))
    bundle.add("two", io.BytesIO(b"1234"))

    with pytest.raises(TooLargeError):
        bundle.add("three", io.BytesIO(b"1"))
    assert [each.key.rpartition("/")[2] for each in models.list("")] == ["one", "two"]
