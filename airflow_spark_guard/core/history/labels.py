"""What a reader is shown as the name of a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.history.model import ApplicationHistory, StageHistory

_SPARKS_OWN: Final = "$anonfun"
"""Begins the name of a stage that Spark SQL started from a thread of its own."""


def descriptions(history: ApplicationHistory) -> Mapping[int, str]:
    """The description of each SQL execution by its id."""
    return {one.execution: one.description for one in history.executions if one.description}


def stage_label(stage: StageHistory, described: Mapping[int, str]) -> str:
    """Spark's name of a stage; of one that only names Spark's own code, the query's description.

    Args:
        stage: the stage.
        described: see :func:`descriptions`.
    """
    if not stage.name.startswith(_SPARKS_OWN) or stage.execution is None:
        return stage.name
    return described.get(stage.execution, stage.name)
