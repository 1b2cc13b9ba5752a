"""The clock of a module, to be put forward: a limit passes when a test says so, not when a machine is slow."""

from __future__ import annotations

import time


class Clock:
    """Put in the place of the module ``time`` of each of the modules; the clock runs on, and can be put forward."""

    def __init__(self, monkeypatch, *modules) -> None:
        self.ahead = 0.0
        for module in modules:
            monkeypatch.setattr(module, "time", self)

    def forward(self, seconds: float) -> None:
        """So many seconds later than it is."""
        self.ahead += seconds

    def __getattr__(self, name):
        return getattr(time, name)

    def time(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead
