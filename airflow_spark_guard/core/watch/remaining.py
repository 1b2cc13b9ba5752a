"""How long active stages will still take, by the rate of the last minutes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FEWEST_DONE = 3
_LOOKS = 60

Key = tuple[int, int]


@dataclass
class Remaining:
    """Follows how many tasks of each stage are done."""

    _looks: dict[Key, deque[tuple[float, int]]] = field(default_factory=dict)

    def look(self, done: Mapping[Key, int], now: float) -> None:
        """Add what is done now; stages that are not named any more are forgotten.

        Args:
            done: tasks done, by id and attempt of the stage.
            now: seconds of a clock that never goes back.
        """
        kept = {key: self._looks.get(key) or deque(maxlen=_LOOKS) for key in done}
        for key, count in done.items():
            looks = kept[key]
            if not looks or looks[-1][1] != count:
                looks.append((now, count))
        self._looks = kept

    def seconds(self, key: Key, tasks: int, now: float) -> float | None:
        """Seconds until all tasks of a stage are done; None if that cannot be estimated.

        Args:
            key: id and attempt of the stage.
            tasks: how many it has.
            now: as in :meth:`look`.
        """
        looks = self._looks.get(key)
        if not looks:
            return None
        since, done_then = looks[0]
        done = looks[-1][1]
        finished, remaining = done - done_then, tasks - done
        if finished < _FEWEST_DONE or remaining <= 0 or now <= since:
            return None
        return remaining * (now - since) / finished
