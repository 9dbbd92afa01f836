import uuid

import pytest

from mlaas4hep.adapters.memory import MemoryAudit
from mlaas4hep.adapters.nats.audit import JetStreamAudit
from mlaas4hep.core.requests.auditedaction import AuditedAction
from mlaas4hep.ports import Audit


@pytest.fixture(params=["memory", "jetstream"])
def audit(request: pytest.FixtureRequest) -> Audit:
    if request.param == "memory":
        return MemoryAudit()
    return JetStreamAudit(request.getfixturevalue("connection"))


def test_the_newest_deeds_come_first_and_only_those_of_the_owner_who_is_named(audit: Audit) -> None:
    owner, another = uuid.uuid4().hex, uuid.uuid4().hex
    actions = [
        AuditedAction(
            at=float(number),
            owner=whose,
            person="luca",
            function="workflow",
            action="submit",
            target=f"run {number}",
        )
        for number, whose in enumerate((owner, another, owner, owner))
    ]
    for audited in actions:
        audit.note(audited)

    assert audit.newest(2) == [actions[3], actions[2]]
    assert audit.newest(10, owner) == [actions[3], actions[2], actions[0]]
    assert audit.newest(10, "nobody") == []
