"""What a prepared process has done already need not be done again in each of its children."""

import subprocess
import sys

_PREPARES_AND_READS = """
import sys
from mlaas4hep.adapters.trainers.child.child import prepare
from mlaas4hep.core import wire
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params

body = wire.dump(TrainingJob(name="ahead", params=Params(), columns=1, chunks=1))
prepare("sklearn")
known = {*sys.modules}
wire.load(TrainingJob, body)
print(*({*sys.modules} - known))
"""


def test_what_reads_a_job_is_there_before_the_job_comes():
    command = [sys.executable, "-c", _PREPARES_AND_READS]
    told = subprocess.run(command, check=True, capture_output=True, text=True)

    assert told.stdout.split() == []
