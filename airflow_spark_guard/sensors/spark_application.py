"""``SparkApplicationSensor``: the guard's full watchdog, on an application that another system submitted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.quantity import seconds
from airflow_spark_guard.core.watch.watch_limits import WatchLimits
from airflow_spark_guard.sensors.remote_sensor import RemoteSensor

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.plan import Plan


class SparkApplicationSensor(RemoteSensor):
    """Wait for a Spark application to succeed; fail if it stalls, starves, loses executors or vanishes.

    The limits are those of ``GuardLimits``. The sensor cannot inspect the application's Python workers, so a
    stage counts as hung only after three times ``stall_timeout``; ``deadline`` counts from the application's
    start and has no default.
    """

    def plan(self) -> Plan:
        """What to watch, and by which limits, after rendering.

        Raises:
            BadInputError: an argument is not valid.
        """
        if self.reschedule and not self.deferrable:
            raise LimitError(
                "SparkApplicationSensor does not support mode reschedule.",
                got="mode='reschedule'",
                expected="deferrable=True, or mode='poke'",
                advice="To detect a stall, it compares polls, and a rescheduled sensor forgets the last one. "
                "SparkExecutorRestartSensor works in every mode.",
            )
        limits = self.guard_limits()
        deadline = None if limits.deadline is None else seconds(limits.deadline)
        watch_limits = WatchLimits.of(limits, deadline=deadline)
        # A gap between polls that is longer than planned counts as time in which the sensor did not run.
        poll = max(watch_limits.poll, float(self.poke_interval))
        return replace(super().plan(), windows=replace(watch_limits, poll=poll))
