"""Follows a running application until it ends."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from rich.live import Live

from airflow_spark_guard.cli.terminal import console, print_text
from airflow_spark_guard.cli.watching.lines import changes
from airflow_spark_guard.cli.watching.picture import Follower, Picture
from airflow_spark_guard.cli.watching.places import Places, is_here
from airflow_spark_guard.cli.watching.screen import screen
from airflow_spark_guard.cli.watching.target import find_target
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.rest import AsyncRestSource, RestSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from airflow_spark_guard.cli.watching.target import WatchTarget
    from airflow_spark_guard.core.watch.observation import DriverView

_INTERRUPTED: Final = 130
# Reading a stack stops its process for a moment: only of what stands still, and not at each look.
_STILL: Final = 10.0
_BETWEEN_STACKS: Final = 10.0
# A driver whose port is closed has ended; one that is silent may be busy with garbage collection.
_CLOSED: Final = ("refused the connection", "does not belong to")
_LOOKS_CLOSED: Final = 2
_LONGEST_SILENCE: Final = 60.0


class View(Protocol):
    """Where pictures go."""

    def show(self, picture: Picture, trouble: str) -> None:
        """Show it."""


def run(named: str, master: str, master_ui: str, interval: float, stall_timeout: float | None) -> int:
    """Watch it until it ends.

    Returns:
        The exit code: 0 if the application has ended, 1 if its driver stays silent, 130 after Ctrl+C.

    Raises:
        ApplicationError: it does not run.
        MonitorError: it cannot be asked.
    """
    limits = GuardLimits() if stall_timeout is None else GuardLimits(stall_timeout=stall_timeout)
    out = console()
    try:
        target = find_target(named, master, master_ui)
        follower = Follower(limits, local=target.is_local)
        watch = Watch(target, follower, Places(target, is_here(target.url)), interval)
        if out.is_terminal:
            with Live(console=out, auto_refresh=False, transient=False) as live:
                ending = watch.follow(Screen(target, live))
        else:
            print_text(f"{target.name}  {target.id}  {target.url}")
            ending = watch.follow(Lines(out))
    except KeyboardInterrupt:
        print_text("Left. The application runs on.")
        return _INTERRUPTED
    print_text(ending.text)
    return ending.code


@dataclass(frozen=True)
class Ending:
    """Why the watch is over.

    Attributes:
        text: one sentence.
        code: exit code.
    """

    text: str
    code: int


@dataclass
class Screen:
    """A terminal.

    Args:
        target: for the head.
        live: the part of the screen that is drawn anew.
    """

    target: WatchTarget
    live: Live

    def show(self, picture: Picture, trouble: str) -> None:
        """Draw it."""
        self.live.update(screen(self.target, picture, trouble), refresh=True)


@dataclass
class Lines:
    """An output that is not a terminal.

    Args:
        out: the console.
    """

    out: Console
    _before: Picture = field(default_factory=lambda: Picture(0.0))
    _trouble: str = ""

    def show(self, picture: Picture, trouble: str) -> None:
        """Print what has changed."""
        news = list(changes(self._before, picture))
        if trouble and not self._trouble:
            news.append(trouble)
        self._before, self._trouble = picture, trouble
        for line in news:
            self.out.print(f"{time.strftime('%H:%M:%S')} {line}", soft_wrap=True)


@dataclass
class Watch:
    """One application.

    Args:
        target: the application.
        follower: makes pictures.
        places: looks for lines of Python.
        interval: seconds between two looks.
        sleep: waits; another one in tests.
    """

    target: WatchTarget
    follower: Follower
    places: Places
    interval: float
    sleep: Callable[[float], None] = time.sleep
    _began: float = field(default_factory=time.monotonic)
    _stacks_at: float = 0.0

    def follow(self, view: View) -> Ending:
        """Show a picture at each interval, until the application ends."""
        picture, seen, closed = Picture(0.0), time.monotonic(), 0
        with closing(
            RestSource(AsyncRestSource(self.target.url, self.target.id, local=self.target.is_local))
        ) as source:
            while True:
                try:
                    picture = self._picture(source.look(), picture)
                except UnusableAnswerError as error:
                    closed = closed + 1 if any(text in str(error) for text in _CLOSED) else 0
                    if closed >= _LOOKS_CLOSED:
                        return Ending(f"{self.target.id} has ended, after {self._passed(picture)}.", 0)
                    silent = time.monotonic() - seen
                    if silent > _LONGEST_SILENCE:
                        return Ending(
                            f"The driver has not answered for {readable_duration(round(silent))}: {error}", 1
                        )
                    if not closed:
                        view.show(picture, f"The driver does not answer: {error}")
                else:
                    seen, closed = time.monotonic(), 0
                    view.show(picture, "")
                self.sleep(self.interval)

    def _passed(self, picture: Picture) -> str:
        return f"{readable_duration(round(picture.at))} of watching"

    def _picture(self, view: DriverView, before: Picture) -> Picture:
        at = time.monotonic() - self._began
        picture = self.follower.take(view, at)
        if picture.stood < _STILL:
            return picture
        if at - self._stacks_at < _BETWEEN_STACKS:
            return replace(picture, places=before.places)
        self._stacks_at = at
        return replace(picture, places=self.places.look())
