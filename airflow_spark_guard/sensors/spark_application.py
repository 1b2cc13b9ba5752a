"""``SparkApplicationSensor``: the guard's whole watchdog, on an application that somebody else submitted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import LimitError
from airflow_spark_guard.core.quantity import seconds
from airflow_spark_guard.core.watch.windows import Windows
from airflow_spark_guard.sensors.remote_sensor import RemoteSensor

if TYPE_CHECKING:
    from airflow_spark_guard.core.remote.plan import Plan


class SparkApplicationSensor(RemoteSensor):
    """Wait for a Spark application to end well; fail when it stalls, starves, loses executors or vanishes.

    The limits are those of ``GuardLimits``. Its workers cannot be looked at from here, so a stage counts as
    hung only after three times ``stall_timeout``; ``deadline`` counts from the application's start, and is
    none unless it is set.
    """

    def plan(self) -> Plan:
        """What is watched, and by which limits, after rendering.

        Raises:
            BadInputError: an argument that cannot be used.
        """
        if self.reschedule and not self.deferrable:
            raise LimitError(
                "SparkApplicationSensor cannot watch in mode reschedule.",
                got="mode='reschedule'",
                expected="deferrable=True, or mode='poke'",
                advice="To see that nothing moves, looks have to be compared, and a rescheduled sensor "
                "forgets the last one. SparkExecutorRestartSensor works in every mode.",
            )
        limits = self.guard_limits()
        deadline = None if limits.deadline is None else seconds(limits.deadline)
        windows = Windows.of(limits, deadline=deadline)
        # A gap that is longer than planned counts as one in which nobody ran.
        poll = max(windows.poll, float(self.poke_interval))
        return replace(super().plan(), windows=replace(windows, poll=poll))
