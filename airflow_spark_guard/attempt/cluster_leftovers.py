"""What an earlier try of the task left running on the cluster: taken over, or ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from airflow_spark_guard.core.clock import MonotonicTime, epoch_now
from airflow_spark_guard.core.cluster.cluster_job import may_go_on
from airflow_spark_guard.core.cluster.status import TASK_MARK, RefusedError
from airflow_spark_guard.core.errors import BadInputError, KilledError, SubmitError
from airflow_spark_guard.core.quantity import seconds
from airflow_spark_guard.core.web.answer import UnusableAnswerError

if TYPE_CHECKING:
    from airflow_spark_guard.attempt.cluster_run import ClusterRun
    from airflow_spark_guard.core.cluster.cluster_job import ClusterJob
    from airflow_spark_guard.core.cluster.status import ClusterStatus

# Before anything is submitted the manager has so long to say what still runs, in seconds.
_FIRST_ANSWER = 60.0


def earlier(run: ClusterRun, *, adopt: bool, has_launcher: bool) -> ClusterJob | None:
    """What was left running: the newest taken over where that is wanted and possible, everything else ended.

    Args:
        run: of this try.
        adopt: whether to take it over.
        has_launcher: whether applications of this task run under our launcher.

    Raises:
        BadInputError: the manager does not let us in.
        SubmitError: it does not answer.
        KilledError: something still runs and cannot be ended.
    """
    found = _first_answer(run)
    now, start = epoch_now(), seconds(run.limits.start_timeout)
    going = [one for one in found if may_go_on(one, now, start, run.spec.backstop)] if adopt else []
    kept = going[-1] if going else None
    for one in found:
        if one is not kept:
            _end(run, one)
    if kept is None:
        return None
    run.log.warning(
        "Taking over %s, which an earlier try of this task has submitted: %s", kept.application_id, kept.what
    )
    return run.job(kept.application_id, kept.attempt, kept.submitted_at or now, has_launcher=has_launcher)


def _first_answer(run: ClusterRun) -> tuple[ClusterStatus, ...]:
    limit = MonotonicTime(time.monotonic() + min(_FIRST_ANSWER, run.spec.backstop))
    while True:
        try:
            return run.source.find(TASK_MARK, run.connection.marks.task)
        except RefusedError as error:
            raise BadInputError(
                f"{run.manager} cannot be asked for applications, so none can be watched or ended.",
                got=str(error),
                expected="credentials that may list, read and end the applications of this task",
                advice=error.advice
                or "Correct the Airflow connection; docs/cluster-mode.md names the rights.",
            ) from error
        except UnusableAnswerError as error:
            if run.killed or time.monotonic() >= limit:
                raise SubmitError(
                    f"{run.manager} does not answer; nothing was submitted.",
                    got=str(error),
                    expected="an answer at the address of the Airflow connection",
                    advice="If the address is right, try again later.",
                ) from error
        run.sleep(limit)


def _end(run: ClusterRun, found: ClusterStatus) -> None:
    left = run.end(found.application_id)
    if left:
        raise KilledError(
            "An earlier attempt of this task still runs on the cluster and cannot be ended.",
            advice="End it by hand, then clear the task: two attempts would write over each other.",
            orphans=left,
        )
    run.log.warning("Ended what an earlier attempt had left behind: %s", found.application_id)
