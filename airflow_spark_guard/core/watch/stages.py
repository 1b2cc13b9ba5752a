"""Which stages are there: by the driver's REST API, or by the job's own word where that is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import DriverView, Inside, Observation, Stage

# The job gives a sign of life every 30 s. One that is silent for longer (native code that holds Python's
# lock) may have left the stages long ago that it named last.
STALE = 120.0


def known_stages(seen: Observation) -> tuple[Stage, ...] | None:
    """The stages that are not complete; None where that cannot be seen."""
    inside = seen.inside
    if inside is not None and inside.ended:
        return ()
    if seen.driver is not None:
        return seen.driver.stages
    if inside is None or seen.at - inside.heard_at > STALE or (inside.jobs and not inside.stages):
        return None
    return inside.stages


def running_stages(driver: DriverView | None, inside: Inside | None) -> tuple[int, ...] | None:
    """Ids of the stages that run tasks, without any those that wait for a slot; None where it is not known.

    Args:
        driver: as the REST API saw it last, which may be a poll interval ago.
        inside: the job's own word, which is newer.
    """
    seen = inside if inside is not None and (inside.application_id or driver is None) else driver
    if seen is None or (seen.jobs and not seen.stages):
        return None
    rows = [stage for stage in seen.stages if stage.active] or list(seen.stages)
    return tuple(sorted({stage.stage for stage in rows}))
