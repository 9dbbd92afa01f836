"""Surveys of files: where their branches lie, found once and stored for every step of a run."""

import logging
from collections.abc import Iterable

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.pipeline.opentrees import errors_about
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)


def load_survey(event: Event, file: OpenedFile, reads: Iterable[str], services: Services) -> Survey:
    """Return where the branches `reads` of a file lie, told by whoever had to open it first.

    Raises:
        MlaasError: nobody has opened it yet, and it cannot be opened, or is another one now.
    """
    reads = sorted(file.has(reads))
    content = keys.digest(file.url, file.identity, reads)
    key = files.key(event.owner, event.run, files.survey(content))
    known: Survey | None = services.recent.find(key)
    if known is None:
        known = _stored_survey(key, services) or _new_survey(file, reads, key, services)
        services.recent.keep(key, known, known.weight)
    return known


def _stored_survey(key: str, services: Services) -> Survey | None:
    try:
        return sealed.load(Survey, services.runs_files.get(key), key)
    except NotFoundError:
        return None
    except DamagedError as error:
        log.warning("%s is damaged: %s", key, error)
        return None


def _new_survey(file: OpenedFile, reads: Iterable[str], key: str, services: Services) -> Survey:
    found = survey(file, reads, services)
    services.runs_files.put(key, sealed.dump(found, key))
    return found


def survey(file: OpenedFile, reads: Iterable[str], services: Services) -> Survey:
    """Open a file that was opened before, and return where the branches `reads` lie.

    Raises:
        MlaasError: it cannot be opened, or is another one now.
    """
    with errors_about(file):
        file.check(services.source.describe(file.url, file.tree))
        return services.source.survey(file.url, file.tree, reads)
