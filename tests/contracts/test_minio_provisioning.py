"""minio/: what each function's key may do, against a real server."""

import io
import json
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from minio import Minio
from minio.error import S3Error

from mlaas4hep import bootstrap
from mlaas4hep.adapters.stores.s3 import client
from mlaas4hep.core import sealed, wire
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.keys import BUCKETS, staged
from mlaas4hep.core.keys import model as model_key
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.dispatcher.housekeeping import Housekeeping
from mlaas4hep.pipeline.records import store_run
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings, credentials

HERE = Path(__file__).parents[2] / "minio"
#: who → bucket → l: list only (to count what an owner has), r: read, w: write, d: delete
GRANTS = {
    "specs": {"tarballs": "r", "runs": "rw", "specs": "rw", "models": "rw"},
    "chunk-preprocess": {
        "tarballs": "r",
        "runs": "rwd",
        "specs": "r",
        "chunks": "rw",
        "models": "r",
    },
    "train": {"runs": "rwd", "specs": "r", "chunks": "r", "models": "rw"},
    "predict": {"tarballs": "l", "runs": "l", "specs": "l", "chunks": "l", "models": "rwd"},
    "workflow": {"tarballs": "rwd", "runs": "rwd", "specs": "rd", "chunks": "d", "models": "rwd"},
    "dispatcher": {"tarballs": "d", "runs": "rwd", "models": "d"},
}


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:6]}-"


@pytest.fixture(scope="module")
def provision(s3: Any, prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("keys")
    admin = folder / "admin"
    admin.write_text(f"{s3.access}:{s3.secret}")

    def run() -> tuple[str, Path]:
        options = ("--admin-file", admin, "--keys", folder, "--prefix", prefix)
        done = subprocess.run(
            [sys.executable, HERE / "provision.py", s3.url, *options],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stderr, folder

    return run


@pytest.fixture(scope="module")
def keys(provision: Any) -> Path:
    folder: Path = provision()[1]
    return folder


def allowed(do: Any) -> bool:
    try:
        do()
    except S3Error as error:
        if error.code != "AccessDenied":
            raise
        return False
    return True


def holding(s3: Any, keys: Path, name: str) -> Minio:
    return client(s3.url, *credentials(str(keys / f"{name}-store-key")))


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize("name", GRANTS)
def test_a_key_may_do_what_it_must_and_no_more(
    s3: Any, keys: Path, prefix: str, name: str, bucket: str
) -> None:
    root = client(s3.url, s3.access, s3.secret)
    root.put_object(prefix + bucket, "a/b", io.BytesIO(b"x"), 1)
    mine = holding(s3, keys, name)
    grant = GRANTS[name].get(bucket, "")

    assert allowed(lambda: list(mine.list_objects(prefix + bucket))) == bool(grant)
    assert allowed(lambda: mine.get_object(prefix + bucket, "a/b").close()) == ("r" in grant)
    assert allowed(lambda: mine.put_object(prefix + bucket, "c", io.BytesIO(b""), 0)) == (
        "w" in grant
    )
    assert allowed(lambda: mine.remove_object(prefix + bucket, "a/b")) == ("d" in grant)
    root._http.clear()
    mine._http.clear()


def test_a_key_sees_no_bucket_that_is_not_its_own_and_makes_none(
    s3: Any, keys: Path, prefix: str
) -> None:
    mine = holding(s3, keys, "train")
    seen = {bucket.name.removeprefix(prefix) for bucket in mine.list_buckets()}

    assert seen == {"runs", "specs", "chunks", "models"}
    assert not allowed(lambda: mine.make_bucket(f"{prefix}other"))
    mine._http.clear()


def test_the_dispatchers_key_suffices_to_keep_the_store_in_order(
    s3: Any, keys: Path, prefix: str
) -> None:
    def services(key: str) -> Services:
        settings = Settings(
            store=s3.url, store_bucket_prefix=prefix, store_key_file=str(keys / key)
        )
        return bootstrap.services(settings)

    root, mine = services("admin"), services("dispatcher-store-key")
    run = Run(
        owner="a", name="r_1", id="1", folder="r", number=1, created_at=0.0, updated_at=0.0
    )  # fmt: skip
    store_run(run, {files.CHECKPOINT: b"x"}, root)
    told = ("contract.json",)
    model = ModelRecord(owner="a", name="r_1", version="v", files=told, run_id="1")
    root.models.put(model_key("a", "r_1"), sealed.dump(model))
    contract = Contract(
        model="r_1",
        version="v",
        columns=("x",),
        specs=Specs(branches=(), ranges=()),
        identifiers=(),
        metrics=(("auc", 0.9),),
    )
    root.models.put("a/r_1/v/contract.json", wire.dump(contract))
    root.models.put("a/half_1/v/model.tflite", b"x")
    root.tarballs.put(staged("a", "half", "1"), b"x")
    keeping = Housekeeping(mine)

    assert keeping.rebuild([]) == {"a/r_1"}
    assert keeping.tidy(mine.runs.list(), time.time() + 2 * 24 * 3600) == 3
    stored = root.runs_files.get(files.key("a", "r_1", files.RUN))
    rebuilt = sealed.load(Run, stored)
    assert (rebuilt.status, rebuilt.metrics) == (Status.DONE, contract.metrics)


def test_provisioning_again_changes_nothing(provision: Any, keys: Path) -> None:
    before = {path.name: path.read_text() for path in keys.iterdir()}

    said, _ = provision()

    assert {path.name: path.read_text() for path in keys.iterdir()} == before
    assert "is made" not in said


def test_chunks_expire_and_deleted_models_can_be_brought_back(
    s3: Any, keys: Path, prefix: str
) -> None:
    root = client(s3.url, s3.access, s3.secret)
    rules = root.get_bucket_lifecycle(f"{prefix}chunks").rules

    assert any(rule.expiration and rule.expiration.days == 30 for rule in rules)
    assert root.get_bucket_versioning(f"{prefix}models").status == "Enabled"
    for bucket in ("tarballs", "models"):
        config = root.get_bucket_lifecycle(prefix + bucket)
        assert not config or not any(rule.expiration for rule in config.rules)
    root._http.clear()


def test_wrong_credentials_are_an_error(s3: Any, tmp_path: Path) -> None:
    admin = tmp_path / "admin"
    admin.write_text(f"{s3.access}:wrong-secret")

    done = subprocess.run(
        [sys.executable, HERE / "provision.py", s3.url, "--admin-file", admin, "--keys", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "SignatureDoesNotMatch" in done.stderr


def test_the_files_name_the_buckets_of_the_code_and_everybody_who_holds_a_key() -> None:
    assert tuple(json.loads((HERE / "buckets.json").read_text())) == BUCKETS
    assert {path.stem for path in (HERE / "policies").iterdir()} == GRANTS.keys()
