"""`Runtime` in a confined process of its own: for every model that could overrun.

The process starts when the model is loaded and ends when the model is not kept any more, when
others need its place, when it has grown too large, or when it takes too long.
"""

import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.children import frames
from mlaas4hep.adapters.runtimes.confined.house import House
from mlaas4hep.adapters.runtimes.confined.process import Process, StarvedError, program_of
from mlaas4hep.adapters.runtimes.confined.ways import Way, announced
from mlaas4hep.adapters.runtimes.entry import DEFAULT, STRINGS
from mlaas4hep.core import keys
from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.bundle.kinds import ModelKind
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError
from mlaas4hep.ports import ObjectStore, Runtime


class SignatureRuntime:
    """One of several ways into a model; a `Runtime` of its own."""

    prompt_rows = 0

    def __init__(self, model: "ConfinedRuntime", way: Way) -> None:
        self._model, self._way = model, way
        self.platform = model.platform
        self.inputs, self.outputs = way.inputs, way.outputs
        self.signatures: Mapping[str, Runtime] = {}

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all rows of `feeds`."""
        return self._model.ask(self._way, feeds)


class ConfinedRuntime:
    """A model's files, and the process that runs them."""

    prompt_rows = 0

    def __init__(
        self, folder: Path, file: str, kind: ModelKind, record: ModelRecord, house: House
    ) -> None:
        """Load the model in `folder`, which is removed with the runtime.

        Raises:
            InvalidRequestError: it cannot be loaded, or not within its time.
            ServiceUnavailableError: there is no place for its process.
        """
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.platform = kind.engine
        self.owner = record.owner
        self.folder = folder
        self.process: Process | None = None
        self.asked_at: float | None = None
        self._has_answered = False
        self._has_given_up = False
        self._was_starved = False  #: when it gave up: others had the processors
        nodes = record.input_node, record.output_node
        self._arguments = (kind.engine, file, *nodes, str(record.folds))
        self._program = program_of(kind.engine)
        self._name, self._id = record.name, f"{record.owner}/{record.version}"
        self._house = house
        self._lock = threading.Lock()
        with self._lock:
            self._ways = self._start()
        way = self._ways.get(DEFAULT)
        if way is None and len(self._ways) == 1:
            (way,) = self._ways.values()
        self._way = way
        self.inputs = way.inputs if way else ()
        self.outputs = way.outputs if way else ()

    @property
    def signatures(self) -> Mapping[str, Runtime]:
        """Return the ways into the model by name, if there are several."""
        if len(self._ways) < 2:  # noqa: PLR2004 - then there is nothing to choose
            return {}
        return {name: SignatureRuntime(self, way) for name, way in self._ways.items()}

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all rows of `feeds`."""
        if self._way is None:
            raise InvalidRequestError(f"choose one of the signatures {', '.join(self._ways)}")
        return self.ask(self._way, feeds)

    def ask(self, way: Way, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs of one signature."""
        typed = {
            each.name: feeds[each.name]
            if each.dtype == STRINGS
            else feeds[each.name].astype(each.dtype, copy=False)
            for each in way.inputs
        }
        with self._lock:
            self._house.overruns.check(self._id, is_proven=self.is_proven)
            if self._has_given_up:  # just behind its last answer
                self._end()
            if self.process is None:
                self._start()
            head, outputs = self._predicted(way, typed)
            if head.get("spent") or self._house.places.is_wanted(self):
                self._end()
        self._house.places.idle(self)
        if "error" in head:
            raise InvalidRequestError(f"the model refuses these inputs: {head['error']}")
        if outputs.keys() != {each.name for each in way.outputs}:
            raise InvalidRequestError("the model did not give the outputs that it announced")
        return outputs

    @property
    def is_proven(self) -> bool:
        """Tell whether it answered before, in time, and no model of its owner overran lately."""
        return self._has_answered and not self._house.overruns.has(self.owner)

    def rest(self) -> bool:
        """End the process if it is idle, and say so; the next prediction starts it again."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._kill()
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """End the process for good."""
        with self._lock:
            self._end()

    def give_up(self) -> None:
        """End being loaded, or predicting: others wait for the place."""
        if (process := self.process) is not None:
            allowance, is_batch = self._house.allowance, self.asked_at is not None
            share_s = allowance.fair_run_s if is_batch else allowance.fair_load_s
            self._was_starved = not process.has_had(share_s)
            process.kill()
        self._has_given_up = True

    def _predicted(
        self, way: Way, typed: Mapping[str, Array]
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        self.asked_at = time.monotonic()
        try:
            told = self._exchange({"signature": way.name}, typed)
        finally:
            self.asked_at = None
        self._has_answered = True
        return told

    def _start(self) -> dict[str, Way]:
        house = self._house
        house.overruns.check(self._id, is_proven=self.is_proven)
        self._has_given_up = False
        house.places.take(self)
        arguments = (house.allowance.memory_bytes, house.demand, *self._arguments)
        self.process = Process(self.folder, self._program, arguments, house.prepared_seconds)
        self._ending = weakref.finalize(self, self.process.end)
        if self._has_given_up:
            self.process.kill()
        head, _ = self._exchange(None, {})
        if "unavailable" in head:
            self._end()
            raise ServiceUnavailableError(head["unavailable"], stage="predict")
        if "error" in head:
            self._end()
            raise InvalidRequestError(
                f"model {self._name!r} cannot be loaded: {head['error']}",
                stage="predict",
                file=self._arguments[1],
                hint=str(head.get("hint", "")),
            )
        house.places.loaded(self)
        if self._has_given_up:  # just now: its process is dead
            raise self._gave_up(is_loading=True)
        try:
            ways = {name: announced(name, found) for name, found in head["signatures"].items()}
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise self._overrun(
                f"the process of model {self._name!r} announced what makes no sense"
            ) from error
        return ways

    def _exchange(
        self, head: Mapping[str, Any] | None, feeds: Mapping[str, Array]
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        """Send and receive one frame; `head` None: only receive what the child says first."""
        assert self.process is not None  # noqa: S101 - `_start` comes first
        limit_s = self._house.allowance.load_s if head is None else self._house.allowance.run_s
        what = "its batch" if head is not None else "being loaded"
        self.process.renew(limit_s)
        try:
            self.process.end_point.settimeout(limit_s)
            if head is not None:
                frames.send(self.process.end_point, head, feeds)
            self.process.wait(limit_s)
            return frames.receive(
                self.process.end_point, within_s=limit_s, most_bytes=frames.MAX_ANSWER_BYTES
            )
        except StarvedError as error:
            raise self._starved(what) from error
        except TimeoutError as error:
            raise self._overrun(
                f"model {self._name!r} took more than {limit_s:.0f} s for {what} and was ended"
            ) from error
        except (OSError, EOFError, frames.FrameError) as error:
            raise self._ended(error, is_loading=head is None) from error

    def _ended(self, error: Exception, *, is_loading: bool) -> MlaasError:
        """Return what to tell about a process that gave no answer."""
        if self._has_given_up:
            return self._gave_up(is_loading=is_loading)
        process = self.process if isinstance(error, EOFError | OSError) else None
        if is_loading and process is not None and process.has_crashed():
            self._end()
            return InvalidRequestError(
                f"model {self._name!r} cannot be loaded: it breaks the library that reads it",
                stage="predict",
            )
        return self._overrun(
            f"the process of model {self._name!r} ended: {error}", is_forgiven_once=True
        )

    def _gave_up(self, *, is_loading: bool) -> ServiceUnavailableError:
        if self._was_starved:
            return self._starved("being loaded" if is_loading else "its batch")
        allowance = self._house.allowance
        share_s, what = (
            (allowance.fair_load_s, "being loaded")
            if is_loading
            else (allowance.fair_run_s, "its batch")
        )
        return self._overrun(
            f"model {self._name!r} took more than {share_s:.0f} s for {what} while others waited,"
            " and was ended",
            is_forgiven_once=not is_loading,
        )

    def _starved(self, what: str) -> ServiceUnavailableError:
        """Return what to tell where others had the processors: nobody is shut out for it."""
        self._end()
        self._has_given_up = False
        return ServiceUnavailableError(
            f"this machine is too busy: model {self._name!r} did not get its time for {what}",
            stage="predict",
            hint="ask again later, or have predict run where more processors are free",
        )

    def _overrun(self, reason: str, *, is_forgiven_once: bool = False) -> ServiceUnavailableError:
        self._end()
        self._has_answered = self._has_given_up = False
        self._house.overruns.add(self._id, reason, is_forgiven_once=is_forgiven_once)
        return ServiceUnavailableError(
            reason,
            stage="predict",
            hint="it may need more memory or time than there is; send fewer rows",
        )

    def _end(self) -> None:
        self._kill()
        self._house.places.free(self)

    def _kill(self) -> None:
        if self.process is not None:
            self._ending()
            self.process = None


def confined_runtime(
    store: ObjectStore, record: ModelRecord, file: str, kind: ModelKind, house: House
) -> ConfinedRuntime:
    """Fetch the files of a bundle and load them."""
    folder = Path(tempfile.mkdtemp(prefix="mlaas-model-"))
    try:
        for path in record.files:
            target = folder / keys.checked_key(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            key = keys.model_file(record.owner, record.name, record.version, path)
            with store.local(key) as found:
                shutil.copyfile(found, target)
    except (MlaasError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return ConfinedRuntime(folder, file, kind, record, house)
