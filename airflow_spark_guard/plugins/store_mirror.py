"""An object store as the page reads it: through a local copy, as old as the page says at most.

A look at all records runs on a thread of its own; those who ask wait for it for a bounded time.
"""

from __future__ import annotations

import errno
import threading
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_spark_guard.core.errors import RecordError
from airflow_spark_guard.plugins.attempt_view import tries_of
from airflow_spark_guard.plugins.limits_view import MOST as MOST_TRIES
from airflow_spark_guard.process import private_folder
from airflow_spark_guard.process.mirror import Mirror
from airflow_spark_guard.process.record import OBSERVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_spark_guard.plugins.place import Task
    from airflow_spark_guard.process.object_store import ObjectStore

PAUSE: Final = 4.0
"""Seconds between two looks at all records, and at least as long as the last one took."""
WAIT: Final = 3.0
"""Seconds that a request waits for a look; then it shows what is there."""
OLDEST: Final = 20.0
"""Seconds after the last look that ended well for which its result is shown while the store fails."""
_FETCHING: Final = 2.0


@dataclass(frozen=True)
class Needs:
    """What a request reads.

    Attributes:
        task: a task instance whose tries are read; None for the list of all attempts.
        number: of the try; None for the newest.
        files: large files of that try.
        history: whether past tries of the task in all runs are read as well.
        asks: whether it leaves a request for the attempt.
    """

    task: Task | None = None
    number: int | None = None
    files: tuple[str, ...] = ()
    history: bool = False
    asks: bool = False


@dataclass
class StoreMirror:
    """The copy, and the looks that keep it up to date.

    Args:
        open_store: opens the store; called on the thread that looks.

    Attributes:
        root: of the copy.
        is_whole: whether the last look has left nothing out.
    """

    open_store: Callable[[], ObjectStore]
    root: Path = field(default_factory=private_folder.private_folder)
    is_whole: bool = False
    _mirror: Mirror | None = None
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _looking: threading.Lock = field(default_factory=threading.Lock)
    _look: _Look | None = None
    _well_at: float = float("-inf")

    def __post_init__(self) -> None:
        weakref.finalize(self, private_folder.remove, self.root)

    def refresh(self, needs: Needs) -> None:
        """Bring the copy up to date for a request.

        Raises:
            RecordError: observations are still being fetched.
            SparkGuardError: the store cannot be opened.
            OSError: it is gone, or refuses.
        """
        if needs.task is None or needs.history:
            self._refresh_all()
        if needs.task is not None and needs.history:
            self._fetch_history(self._opened(), needs.task)
        elif needs.task is not None:
            self._refresh_task(self._opened(), needs.task, needs)

    def send(self, needs: Needs) -> None:
        """Copy a request that was left in the copy to the store.

        Raises:
            OSError: as for :meth:`refresh`.
        """
        if needs.task is not None and needs.asks:
            self._opened().send_requests(_folder(needs.task))

    def _opened(self) -> Mirror:
        with self._opening:
            if self._mirror is None or not self.root.is_dir():  # removed, after a day without a reader
                private_folder.remove_stale()
                self.root.mkdir(mode=0o700, exist_ok=True)
                self._mirror = Mirror(self.open_store(), self.root)
            return self._mirror

    def _refresh_all(self) -> None:
        with self._looking:
            if self._look is None or self._look.is_due:
                self._look = _Look(self._see_all)
            look = self._look
        look.wait(WAIT)
        late = time.monotonic() - self._well_at
        if look.error is not None and late > OLDEST:
            raise look.error
        if not look.is_done and late > OLDEST and not any(self.root.iterdir()):
            # Not a TimeoutError, which would be taken for that of the thread that waits.
            why = f"the first look at it began {look.age:.0f} s ago and has found nothing yet"
            raise OSError(errno.EIO, why)

    def _see_all(self) -> None:
        self.is_whole = self._opened().copy_all()
        private_folder.touch(self.root)
        self._well_at = time.monotonic()

    def _refresh_task(self, mirror: Mirror, task: Task, needs: Needs) -> None:
        mirror.copy_task(_folder(task))
        numbers = tries_of(self.root, task)
        number = needs.number if needs.number is not None else next(iter(numbers), None)
        if number in numbers and number is not None:
            for name in needs.files:
                mirror.fetch(f"{_folder(task)}/{task.try_name(number)}", name)

    def _fetch_history(self, mirror: Mirror, task: Task) -> None:
        """Observations of the newest tries that are over.

        Raises:
            RecordError: there was no time for all of them; the next request goes on.
        """
        end = time.monotonic() + _FETCHING
        same = [place for place in list(mirror.over) if _is_of(place, task)]
        newest = sorted(same, key=lambda place: -(self.root / place).stat().st_mtime)[:MOST_TRIES]
        for number, place in enumerate(newest):
            if time.monotonic() >= end:
                raise RecordError(
                    "Observations of past tries are being fetched from the store.",
                    got=f"{number} of {len(newest)}",
                    expected="all of them",
                    advice="Ask again: the next request goes on.",
                )
            if not (self.root / place / OBSERVATIONS).exists():  # it does not change any more
                mirror.fetch(place, OBSERVATIONS)


class _Look:
    """One look, on a thread of its own."""

    def __init__(self, see: Callable[[], None]) -> None:
        self.error: Exception | None = None
        self._see = see
        self._begin = time.monotonic()
        self._end: float | None = None
        self._thread = threading.Thread(target=self._run, name="spark-guard-look", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return self._end is not None

    @property
    def is_due(self) -> bool:
        """Whether another one may begin."""
        if self._end is None:
            return False
        pause = max(PAUSE, self._end - self._begin)
        return time.monotonic() - self._end >= pause

    @property
    def age(self) -> float:
        return time.monotonic() - self._begin

    def wait(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._see()
        except Exception as error:  # noqa: BLE001 - for those who wait
            self.error = error
        finally:
            self._end = time.monotonic()


def _folder(task: Task) -> str:
    return f"{task.dag}/{task.run}/{task.task}"


def _is_of(place: str, task: Task) -> bool:
    dag, _, name, _ = place.split("/")
    return (dag, name) == (task.dag, task.task)
