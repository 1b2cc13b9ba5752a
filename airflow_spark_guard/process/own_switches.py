"""Context switches of processes and threads, without those that our own stops have added."""

from __future__ import annotations


class OwnSwitches:
    """Counts by key, over many samples."""

    def __init__(self) -> None:
        self._ours: dict[str, int] = {}
        self._last: dict[str, int] = {}  # its own switches at the last sample
        self._followed: dict[str, int] = {}  # added by the watch of system calls since then, at the most

    def stopped(self, key: str, before: int | None, after: int | None) -> None:
        """Record the switches that a dump has added: what was counted before it and after it."""
        if before is not None and after is not None:
            self._ours[key] = self._ours.get(key, 0) + after - before

    def followed(self, key: str, most: int) -> None:
        """Record that following its system calls has added so many switches, or fewer."""
        self._followed[key] = self._followed.get(key, 0) + most

    def own(self, key: str, raw: int | None) -> int | None:
        """Its own switches so far, from the system's count; never decreases."""
        if raw is None:
            return None
        raw -= self._ours.get(key, 0)
        own = max(raw - self._followed.pop(key, 0), self._last.get(key, 0))
        self._ours[key] = self._ours.get(key, 0) + raw - own
        self._last[key] = own
        return own
