"""The run that somebody asks about, and how it is shown."""

from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.report import report
from mlaas4hep.core.runs.run import Run
from mlaas4hep.http.workflow.call import Ask, Door
from mlaas4hep.usecases import runs


def find_run(door: Door, ask: Ask) -> Run:
    """Return the run that path, query or body name."""
    return runs.find(ask.person.owner, ask.arg("name", "process_name", "run"), door.services)


def full_report(run: Run, door: Door) -> Report:
    """Return everything about a run."""
    stored = runs.details(run, door.services)
    return report(run, stored.request, stored.specs, door.services.clock())
