"""``spark_parallel``: runs scikit-learn's parallel loops (``n_jobs``) on the executors, with joblibspark."""

from __future__ import annotations

import sys
import warnings
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.job.collection.errors import SampleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class WorkerError(RuntimeError):
    """An error of a Spark task that could not be pickled; the text is its traceback."""


class Task:
    """One batch of joblib's tasks, run in a worker.

    It may use as many native threads as its Spark task has cores, because every core has its own worker. An
    error of the model is returned as a result: raised, Spark would retry the task, three times on a
    cluster, and wrap the error in its own.
    """

    def __init__(self, batch: Callable[[], Any]) -> None:
        self.batch = batch

    def __call__(self) -> Any:
        """The results as a list, or a tuple of the error and its traceback as text."""
        import traceback

        from pyspark import TaskContext, cloudpickle
        from threadpoolctl import threadpool_limits

        context = TaskContext.get()
        try:
            with threadpool_limits(context.cpus() if context is not None else 1):
                return self.batch()
        except Exception as error:  # noqa: BLE001 - it is raised again on the driver
            text = traceback.format_exc()
            error.with_traceback(None)
            try:
                cloudpickle.loads(cloudpickle.dumps(error))
            except Exception:  # noqa: BLE001 - an exception's own pickling may raise anything
                return None, text
            return error, text


def result_of(outcome: Any) -> Any:
    """The results of a batch; raises what its worker, or Spark, raised."""
    if isinstance(outcome, tuple):
        error, text = outcome
        if error is None:
            raise WorkerError(text)
        error.add_note(f"In a Spark task:\n{text}")
        raise error
    if isinstance(outcome, list):
        return outcome
    # joblibspark 0.6 wraps an error of Spark for older versions of joblib, which took it apart themselves.
    raise getattr(outcome, "exc", outcome)


@contextmanager
def spark_parallel(spark: Any, *arrays: Any, n_jobs: int | None = None) -> Iterator[tuple[Any, ...]]:
    """Context in which scikit-learn's parallel loops (``n_jobs``) run as Spark tasks, one fit per task.

    ::

        with spark_parallel(spark, sample.X, sample.y) as (X, y):
            search = GridSearchCV(HistGradientBoostingRegressor(random_state=0), grid, cv=5).fit(X, y)

    Each array is sent to each executor once, as a broadcast, instead of being pickled into every task; a task
    carries only the model and the numbers of its rows (8 bytes per row). The results are the same as on the
    driver. ``GridSearchCV`` fits the best model on the driver.

    Args:
        spark: a classic session, which must be the active one: joblibspark uses that.
        arrays: numpy arrays. Each executor needs memory for one copy per Python worker.
        n_jobs: maximum number of concurrent tasks; None for as many as the executors have slots.

    Yields:
        The arrays in the same order, read-only, as a tuple. Use them only inside the context.

    Raises:
        SampleError: joblibspark is missing, the session is Spark Connect, an argument is not an array, or an
            executor (one is asked) has other versions of scikit-learn or numpy.
        Exception: a model's own error, as raised, with the worker's traceback as a note; the other tasks
            are cancelled. py4j.protocol.Py4JJavaError: a task that Spark could not run.
    """
    import joblib
    from pyspark import cloudpickle

    from airflow_spark_guard.job import shared_array

    for array in arrays:
        _check_array(array)
    backend = _backend(spark)
    _check_versions(spark)
    # This package need not be installed on the executors.
    for module in (sys.modules[__name__], shared_array):
        cloudpickle.register_pickle_by_value(module)
    with ExitStack() as stack:
        shared = []
        for array in arrays:
            shared.append(shared_array.share(spark.sparkContext, array))
            stack.callback(shared[-1].release)
        with joblib.parallel_config(backend=backend, n_jobs=-1 if n_jobs is None else n_jobs):
            yield tuple(shared)


def _check_array(array: Any) -> None:
    import numpy as np

    if not isinstance(array, np.ndarray) or array.dtype.hasobject:
        raise SampleError(
            "The argument cannot be shared with the executors.",
            got=f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__,
            expected="numpy arrays of numbers",
            advice="Pass numpy.asarray(data); or leave it out here and pass it to fit: it is then sent with "
            "every task.",
        )


def _backend(spark: Any) -> Any:
    from airflow_spark_guard.job.collection.arrow_stream import is_connect

    if is_connect(spark):
        raise SampleError(
            "Spark Connect does not support broadcasts.",
            got="a Spark Connect session",
            expected="a classic session",
            advice="Run this in a spark-submit job, or use joblibspark's own "
            "joblib.parallel_config(backend='spark'), which sends the data with every task.",
        )
    try:
        kind = _backend_class()
    except ImportError as error:
        raise SampleError(
            "joblibspark is not installed.",
            got=str(error),
            expected="joblibspark 0.6 or later on the driver, joblib on the executors",
            advice="pip install joblibspark",
        ) from error
    with warnings.catch_warnings():
        # It warns on every local master and for every version.
        warnings.filterwarnings("ignore", message=".*stage-level scheduling")
        return kind()


@cache
def _backend_class() -> Any:
    from joblibspark.backend import SparkDistributedBackend

    class Backend(SparkDistributedBackend):  # type: ignore[misc]
        """joblibspark's backend, adapted to the way in which joblib 1.5 and later expect errors."""

        # With it an error is seen when it happens, not when its turn comes.
        supports_retrieve_callback = True

        def submit(self, func: Any, callback: Any = None) -> Any:
            """Run one batch of joblib's tasks as one Spark job."""
            return self.apply_async(Task(func), callback)

        def retrieve_result_callback(self, out: Any) -> Any:
            """Return the results or raise, see :func:`result_of`."""
            return result_of(out)

    return Backend


def _check_versions(spark: Any) -> None:
    """Compare with one executor: with other versions a model may fail there or give other numbers."""
    wanted = ("sklearn", "numpy")

    def versions(_: Any) -> dict[str, str]:
        import importlib

        found = {}
        for name in wanted:
            try:
                found[name] = importlib.import_module(name).__version__
            except ImportError:
                found[name] = "missing"
        return found

    here, there = versions(None), spark.sparkContext.parallelize([0], 1).map(versions).first()
    if here != there:
        raise SampleError(
            "Driver and executors have different versions of packages.",
            got=f"executor: {there}",
            expected=f"the driver's versions: {here}",
            advice="Install the same versions on both, or ship one environment with spark.archives.",
        )
