"""Models as a training stores them, and versions as people see them."""

import io

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord


def trained(world, person, name, version, model=None):
    """Store a model as a training does."""
    store = world.services.models
    contract = Contract(
        model=name,
        version=version,
        columns=("pt", "eta"),
        specs=Specs(branches=(), ranges=(RangeCount(file=0, start=0, stop=9, passed=7),)),
        identifiers=(),
        inputs=(("a.root", "identity-of-a"),),
        versions=(("keras", "3.15"),),
        specs_digest="digest-of-specs",
        code="digest-of-model-py",
        metrics=(("test_auc", 0.81),),
    )
    files = {"contract.json": wire.dump(contract), "model.onnx": model or version.encode()}
    for file, content in files.items():
        store.put(keys.model_file(person.owner, name, version, file), content)
    checksums = tuple((name, sealed.checksum(io.BytesIO(data))) for name, data in files.items())
    record = ModelRecord(
        owner=person.owner,
        name=name,
        version=version,
        files=tuple(files),
        checksums=checksums,
        run_id="r",
    )
    store.put(keys.model(person.owner, name), sealed.dump(record))


def versions(person):
    """Return the versions of `higgs` as a person is told them, by their names."""
    return {one["version"]: one for one in person.get("/models/higgs/versions").json}
