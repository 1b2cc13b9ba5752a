"""``spark_parallel``: scikit-learn's own parallel loops (``n_jobs``) on the executors, by joblibspark."""

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
    """One batch of joblib's tasks, in a worker.

    It has as many native threads as its Spark task has cores, since every core has its own worker. The
    model's own error comes back as a result: as a failure Spark would try it again, three times on a
    cluster, and wrap it in its own.
    """

    def __init__(self, batch: Callable[[], Any]) -> None:
        self.batch = batch

    def __call__(self) -> Any:
        """The results in a list, or the error with its traceback as text in a tuple."""
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
            except Exception:  # noqa: BLE001 - whatever an exception's own pickling may do
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
    """Inside, what scikit-learn does with ``n_jobs`` runs as Spark tasks, one fit in one task.

    ::

        with spark_parallel(spark, sample.X, sample.y) as (X, y):
            search = GridSearchCV(HistGradientBoostingRegressor(random_state=0), grid, cv=5).fit(X, y)

    Each array goes to each executor once, as a broadcast, where joblib would pickle it into every task; what
    a task carries is the model and the numbers of its rows (8 bytes for each row). The results are those
    of the driver. ``GridSearchCV`` fits the best model on the driver.

    Args:
        spark: a classic session. joblibspark uses the active one, which must be this.
        arrays: numpy arrays, which each executor's memory must hold once for each of its Python workers.
        n_jobs: most tasks at one time; None for as many as the executors have slots.

    Yields:
        The arrays in the same order, read-only, as a tuple. Use them inside alone.

    Raises:
        SampleError: joblibspark is missing, Spark Connect, an argument that is no array, other versions of
            scikit-learn or numpy on an executor (one is asked).
        Exception: a model's own error, as it was raised, with the worker's traceback as a note; the other
            tasks are cancelled. py4j.protocol.Py4JJavaError: a task that Spark could not run.
    """
    import joblib
    from pyspark import cloudpickle

    from airflow_spark_guard.job import shared_array

    for array in arrays:
        _check_array(array)
    backend = _backend(spark)
    _check_versions(spark)
    # Executors need not have this package.
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
            "This cannot be shared with the executors.",
            got=f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__,
            expected="numpy arrays of numbers",
            advice="Pass numpy.asarray(data); or leave it out here and pass it to fit: it then travels "
            "with every task.",
        )


def _backend(spark: Any) -> Any:
    from airflow_spark_guard.job.collection.arrow_stream import is_connect

    if is_connect(spark):
        raise SampleError(
            "Spark Connect has no broadcast.",
            got="a Spark Connect session",
            expected="a classic session",
            advice="Run this in a job of spark-submit, or use joblib.parallel_config(backend='spark') of "
            "joblibspark, which sends the data with every task.",
        )
    try:
        kind = _backend_class()
    except ImportError as error:
        raise SampleError(
            "joblibspark is not installed here.",
            got=str(error),
            expected="joblibspark 0.6 or later where the driver runs, joblib where the executors run",
            advice="pip install joblibspark",
        ) from error
    with warnings.catch_warnings():
        # It says so of every local master, and of every version too.
        warnings.filterwarnings("ignore", message=".*stage-level scheduling")
        return kind()


@cache
def _backend_class() -> Any:
    from joblibspark.backend import SparkDistributedBackend

    class Backend(SparkDistributedBackend):  # type: ignore[misc]
        """Of joblibspark, whose way of returning errors joblib 1.5 and later do not know."""

        # An error is then seen when it happens, and not when its turn comes.
        supports_retrieve_callback = True

        def submit(self, func: Any, callback: Any = None) -> Any:
            """One batch of joblib's tasks as one Spark job."""
            return self.apply_async(Task(func), callback)

        def retrieve_result_callback(self, out: Any) -> Any:
            """What :func:`result_of` makes of it."""
            return result_of(out)

    return Backend


def _check_versions(spark: Any) -> None:
    """Ask one executor; a model of another version may fail there, or give other numbers."""
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
            "Driver and executors have different packages.",
            got=f"executor: {there}",
            expected=f"as on the driver: {here}",
            advice="Install the same versions for both, or ship one environment with spark.archives.",
        )
