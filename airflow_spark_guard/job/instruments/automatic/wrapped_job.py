"""``instrument``: the instruments for a job that was not written for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.instruments.automatic import pyspark_seams
from airflow_spark_guard.job.instruments.automatic.actions import Actions
from airflow_spark_guard.job.instruments.automatic.grown import watch_lineages
from airflow_spark_guard.job.instruments.automatic.overhead import SHARES, Overhead
from airflow_spark_guard.job.instruments.automatic.sent import watch_sent
from airflow_spark_guard.job.instruments.automatic.wrapping import Wrapping
from airflow_spark_guard.job.instruments.instrumentation import SparkInstrumentation

if TYPE_CHECKING:
    from typing import Self

    from airflow_spark_guard.job.instruments.thresholds import Thresholds


class Instrumented:
    """PySpark's entry points, wrapped until :meth:`undo`; a context manager.

    Attributes:
        instruments: what was measured, and the summary.
    """

    def __init__(self, instruments: SparkInstrumentation) -> None:
        self.instruments = instruments
        self._wrapping = Wrapping(pyspark_seams.folder())
        self._overhead = Overhead(SHARES[instruments.verbosity])
        self._actions = Actions(instruments, self._overhead)
        if instruments.is_on:
            watch_sent(instruments, self._wrapping)
            watch_lineages(instruments, self._wrapping)
            self._actions.wrap(self._wrapping)

    def undo(self) -> None:
        """Put PySpark's functions back, and read what is left; a second call does nothing."""
        self._wrapping.undo()
        self._actions.finish()
        self.instruments.metrics.left_out += self._overhead.left_out
        self._overhead.left_out = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()


def instrument(
    spark: Any = None, *, verbosity: int | None = None, thresholds: Thresholds | None = None
) -> Instrumented:
    """Measure everything that a job sends and runs, without a change to its code.

    ::

        with instrument(spark, verbosity=2) as instrumented:
            run_the_job(spark)
        print(instrumented.instruments.get_metrics_summary())

    It wraps functions of PySpark's classes, so it works for every session of this process: functions and
    broadcasts are measured where PySpark pickles them, DataFrames that have become too deep are
    checkpointed, stages are read after actions. Automatic measurements take at most 0.25 % (verbosity 1),
    0.5 % (2) or 1 % (3) of the job's time; beyond that they are left out and counted. The checkpoints
    themselves are not in this share.

    Args:
        spark: the session, which is only checked. May be left out if there is none yet.
        verbosity: see :class:`SparkInstrumentation`.
        thresholds: see :class:`SparkInstrumentation`.

    Raises:
        OptionError: the verbosity is not one of 0 to 3, or the session is one of Spark Connect, which pickles
            and plans on the server: use :class:`SparkInstrumentation` there.
    """
    check_classic(spark)
    return Instrumented(SparkInstrumentation(verbosity, thresholds))


def check_classic(spark: Any) -> None:
    """Refuse what cannot be instrumented.

    Raises:
        OptionError: it is a session of Spark Connect.
    """
    from airflow_spark_guard.job.instruments.errors import OptionError

    if spark is not None and type(spark).__module__.startswith("pyspark.sql.connect"):
        raise OptionError(
            "instrument() cannot follow Spark Connect",
            got="a session of Spark Connect",
            expected="a classic session: Connect pickles functions and plans DataFrames elsewhere",
            advice="use SparkInstrumentation: measure_closure_size, measure_broadcast, analyze_dataframe and "
            "checkpoint_if_needed work there",
        )
