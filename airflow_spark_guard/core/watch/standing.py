"""What has not moved, and for how long: for those who look at a job while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """A stage, a job without one, or the driver between Spark jobs, and the time since it last moved.

    Attributes:
        unchanged: seconds since it was last seen to move.
        counted: seconds of these that count towards the limit: less for a stage that had an excuse.
        limit: seconds after which that ends the attempt; None if nothing does.
        why: where the limit comes from; empty without one.
        doing: what its processes do, and in which line, as the task log shows it; empty if not known.
        key: id and attempt of the stage; None for a job without one, and for the driver.
    """

    unchanged: float
    counted: float
    limit: float | None
    why: str = ""
    doing: str = ""
    key: tuple[int, int] | None = None
