"""spark_parallel: the same results as on the driver, from the executors, with each array sent once."""

from __future__ import annotations

import pickle
import sys
import time

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score

from airflow_spark_guard.job import parallel
from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.parallel import spark_parallel
from tests.support.processes import seconds_until

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::ResourceWarning")]


class Failing(RegressorMixin, BaseEstimator):
    """Fails in the fold whose rows begin with 0; elsewhere it takes an hour."""

    def fit(self, _x, y):
        if y[0] != 0:
            time.sleep(3600)
        msg = "the model's own error"
        raise ZeroDivisionError(msg)


class Elsewhere(RegressorMixin, BaseEstimator):
    """Predicts the process it was fitted in, and whether its data may be written to."""

    def fit(self, x, _y):
        import os

        self.pid_ = os.getpid()
        self.plain_ = type(x) is np.ndarray
        return self

    def predict(self, x):
        return np.full(len(x), float(self.pid_))


@pytest.fixture(scope="module")
def spark_conf():
    # More than the task's one core, so that the limit is seen to work.
    return {"spark.executorEnv.OMP_NUM_THREADS": "4"}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.random((3000, 8), dtype="float32")
    return x, (x[:, 0] * 3 + rng.random(3000)).astype("float32")


def copied(array):
    return pickle.loads(pickle.dumps(array))  # noqa: S301 - our own


def test_a_search_gives_the_driver_s_result(spark, data):
    """GridSearchCV, cross_val_score and cross_val_predict agree with the driver to the last bit."""
    model = HistGradientBoostingRegressor(max_iter=10, random_state=0)
    grid = {"max_leaf_nodes": [5, 15], "learning_rate": [0.1, 0.3]}
    expected = GridSearchCV(model, grid, cv=3).fit(*data)
    with spark_parallel(spark, *data) as (x, y):
        search = GridSearchCV(model, grid, cv=3).fit(x, y)
        scores = cross_val_score(model, x, y, cv=3)
        predicted = cross_val_predict(model, x, y, cv=3)
    for name, values in expected.cv_results_.items():
        if "time" not in name and "score" in name:
            np.testing.assert_array_equal(search.cv_results_[name], values)
    assert search.best_params_ == expected.best_params_
    np.testing.assert_array_equal(search.predict(data[0]), expected.predict(data[0]))
    np.testing.assert_array_equal(scores, cross_val_score(model, *data, cv=3))
    np.testing.assert_array_equal(predicted, cross_val_predict(model, *data, cv=3))


def test_fits_run_in_the_executors(spark, data):
    """The process of a fit is not the driver's."""
    import os

    with spark_parallel(spark, *data, n_jobs=2) as (x, y):
        pids = cross_val_predict(Elsewhere(), x, y, cv=3)
    assert os.getpid() not in pids


def test_the_array_travels_as_a_handle(spark, data):
    """Pickled inside, an array is below 2 kB whatever its size; the executors find the same values."""
    from pyspark import cloudpickle

    big = np.arange(1_000_000, dtype="float64").reshape(-1, 10)
    with spark_parallel(spark, big) as (x,):
        size = len(cloudpickle.dumps(x))
        # Pickling notes the broadcast for the job that would follow.
        spark.sparkContext._pickled_broadcast_vars.clear()
        total, writeable, kind = (
            spark.sparkContext.parallelize([0], 1)
            .map(lambda _: (float(x.sum()), x.flags.writeable, type(x).__name__))
            .first()
        )
    assert size < 2000
    assert (total, writeable, kind) == (big.sum(), False, "ndarray")
    assert not x.flags.writeable
    assert big.flags.writeable


def test_what_is_made_of_it_is_a_plain_array(spark, data):
    """Slices and results are plain; other views are pickled whole; after the end so is the array."""
    with spark_parallel(spark, data[0]) as (x,):
        for made in (x[:5], x[[1, 2]], x[:, 0], x + 1, np.sqrt(x), x > 0):
            assert type(made) is np.ndarray
        assert isinstance(x[0, 0], np.float32)
        for other in (x.T, x.copy(), x.reshape(-1)):
            np.testing.assert_array_equal(copied(other), other)
        np.testing.assert_array_equal(np.asarray(x), data[0])
    np.testing.assert_array_equal(copied(x), data[0])


def test_broadcasts_are_destroyed_even_after_an_error(spark, data):
    """When the block ends the executors forget the array."""

    def fail():
        with spark_parallel(spark, data[0]) as (x,):
            kept.extend((x, x.handle.broadcast))
            raise ZeroDivisionError

    kept = []
    with pytest.raises(ZeroDivisionError):
        fail()
    x, broadcast = kept
    assert x.handle.broadcast is None
    with pytest.raises(Exception, match="destroyed"):
        broadcast._jbroadcast.value()


def test_a_worker_s_error_reaches_the_caller_and_ends_the_other_tasks(spark, data):
    """The text of the model's own error is there, and no Spark job of the search runs on."""
    y = np.arange(len(data[1]), dtype="float64")
    with (
        pytest.raises(ZeroDivisionError, match="^the model's own error\nIn a Spark task:\n") as caught,
        spark_parallel(spark, data[0], y) as (x, wrapped),
    ):
        cross_val_score(Failing(), x, wrapped, cv=2, error_score="raise")
    assert "in fit" in caught.value.__notes__[0]
    tracker = spark.sparkContext.statusTracker()
    seconds_until(lambda: not tracker.getActiveJobsIds(), 120, "the end of the other task's job")


def test_a_worker_uses_one_thread_for_each_of_its_cores(spark):
    """OpenMP inside a task is limited to the task's cores, whatever the environment says."""
    import joblib
    import sklearn.utils._openmp_helpers as helpers

    def threads():
        return helpers._openmp_effective_n_threads()

    with spark_parallel(spark):
        assert joblib.Parallel()(joblib.delayed(threads)() for _ in range(2)) == [1, 1]


def test_refused_with_what_to_do(spark, monkeypatch):
    """No arrays, other versions and no joblibspark are said before anything runs."""
    for wrong in ([1, 2], np.array(["a", None], object)):
        with pytest.raises(SampleError, match="cannot be shared"), spark_parallel(spark, wrong):
            pass
    with monkeypatch.context() as patch:
        patch.setattr("sklearn.__version__", "0.1")
        with pytest.raises(SampleError, match="different versions of packages"), spark_parallel(spark):
            pass
    parallel._backend_class.cache_clear()
    monkeypatch.setitem(sys.modules, "joblibspark.backend", None)
    with pytest.raises(SampleError, match="joblibspark is not installed"), spark_parallel(spark):
        pass


def test_other_models_work_too(spark, data):
    """A linear model scores the same."""
    with spark_parallel(spark, *data) as (x, y):
        scores = cross_val_score(Ridge(), x, y, cv=4)
    np.testing.assert_allclose(scores, cross_val_score(Ridge(), *data, cv=4), rtol=1e-6)


def test_an_error_that_cannot_be_pickled_comes_as_text(spark):
    """Its traceback is the message of a WorkerError."""
    import joblib

    def fail():
        class OddError(Exception):
            def __init__(self, one, _two):
                super().__init__(one)

        raise OddError(1, 2)

    with pytest.raises(parallel.WorkerError, match="OddError: 1"), spark_parallel(spark):
        joblib.Parallel()(joblib.delayed(fail)() for _ in range(2))
