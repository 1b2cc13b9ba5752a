"""The known stages: from the driver's REST API, or from the job's own reports if that does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spark_guard.core.watch.observation import STALE

if TYPE_CHECKING:
    from airflow_spark_guard.core.watch.observation import DriverView, Inside, Observation, Stage


def known_stages(seen: Observation) -> tuple[Stage, ...] | None:
    """The stages that are not complete; None if unknown.

    Once the script has ended these are the stages of its threads: without a Spark job of theirs the
    SparkContext closes, whatever the REST API still lists.
    """
    inside = seen.inside
    ended = inside is not None and inside.ended
    if inside is not None and ended and not inside.works_on(seen.at):
        return ()
    if seen.driver is not None:
        return seen.driver.stages
    if inside is None or (inside.jobs and not inside.stages):
        return None
    if not ended and seen.at - inside.heard_at > STALE:
        return None
    return inside.stages


def running_stages(driver: DriverView | None, inside: Inside | None) -> tuple[int, ...] | None:
    """Ids of the stages that run tasks, or if none does, of those that wait for a slot; None if unknown.

    Args:
        driver: the last answer of the REST API, which may be a poll interval old.
        inside: the job's own report, which is newer.
    """
    seen = inside if inside is not None and (inside.application_id or driver is None) else driver
    if seen is None or (seen.jobs and not seen.stages):
        return None
    rows = [stage for stage in seen.stages if stage.active] or list(seen.stages)
    return tuple(sorted({stage.stage for stage in rows}))
