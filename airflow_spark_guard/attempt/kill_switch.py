"""The switch that ends an attempt from outside: pulled once, by ``on_kill``."""

from __future__ import annotations

from typing import Protocol

from airflow_spark_guard.core.errors import KilledError


class Killable(Protocol):
    """Something that a kill has to end."""

    def request_kill(self) -> None:
        """End it; called in a signal handler, so it returns within 2 s and logs nothing."""


class KillSwitch:
    """Ends whatever is connected to it, and what will be connected later.

    Attributes:
        pulled: whether the attempt is to end.
    """

    def __init__(self) -> None:
        self.pulled = False
        self._killables: list[Killable] = []

    def connect(self, killable: Killable) -> None:
        """Have :meth:`pull` end this as well; at once if the switch was pulled before."""
        self._killables.append(killable)
        if self.pulled:
            killable.request_kill()

    def disconnect(self, killable: Killable) -> None:
        """Leave this alone from now on: it has ended."""
        self._killables.remove(killable)

    def pull(self) -> None:
        """End what is connected, the newest first."""
        self.pulled = True
        for killable in reversed(self._killables):
            killable.request_kill()

    def check(self) -> None:
        """Stop before anything is submitted.

        Raises:
            KilledError: the switch was pulled.
        """
        if self.pulled:
            raise KilledError("The task was killed before its job was submitted.")
