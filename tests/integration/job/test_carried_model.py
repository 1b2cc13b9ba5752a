"""A model on its way to the executors: unpickled once in a worker, without this package there."""

from __future__ import annotations

import os
import pickle
import threading

import pytest

from airflow_spark_guard.job.carried_model import Carried, carried_model
from airflow_spark_guard.job.collection.errors import SampleError


def local_model(folder):
    """A model of a class that no module has; each unpickling leaves a file with its process."""

    class Model:
        def __init__(self):
            self.factor = 3

        def __setstate__(self, state):
            import os
            import tempfile

            self.__dict__.update(state)
            tempfile.mkstemp(prefix=f"{os.getpid()}-", dir=folder)

        def predict(self, x):
            return x * self.factor

    return Model()


@pytest.mark.spark
def test_a_worker_unpickles_the_model_once(spark, tmp_path):
    """Eight tasks, one unpickling for each worker's process; a class of the user's own function travels too."""
    model = carried_model(local_model(str(tmp_path)), spark.range(1))
    tasks = spark.sparkContext.parallelize(range(16), 8)
    assert tasks.map(lambda x: model().predict(x)).collect() == [3 * i for i in range(16)]
    pids = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert len(pids) == len(set(pids)) >= 1
    assert str(os.getpid()) not in pids


@pytest.mark.spark
def test_the_model_goes_as_a_broadcast(spark):
    """A function that uses a large model stays small itself."""
    from pyspark import cloudpickle

    function = carried_model({"weights": bytes(5_000_000)}, spark.range(1))
    try:
        assert len(cloudpickle.dumps(function)) < 5_000
    finally:
        # Pickling notes the broadcast for the job that would follow.
        spark.sparkContext._pickled_broadcast_vars.clear()


def test_over_spark_connect_it_goes_with_the_function(tmp_path):
    """Connect has no broadcast: unpickling the function unpickles the model, and calling it does not again."""
    from pyspark import cloudpickle
    from pyspark.sql.connect.dataframe import DataFrame

    sent = cloudpickle.dumps(carried_model(local_model(str(tmp_path)), object.__new__(DataFrame)))
    function = cloudpickle.loads(sent)
    assert function().predict(2) == 6
    assert function() is function()
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_carried_is_a_copy_of_that_moment():
    """The model may change on the driver afterwards; unpickled, the carrier is the model itself."""
    model = {"factor": 1}
    carried = Carried(model)
    model["factor"] = 2
    assert pickle.loads(pickle.dumps(carried)) == {"factor": 1}  # noqa: S301 - our own


def test_a_model_that_cannot_be_pickled_is_refused():
    """With its type, the reason and what to do, before anything is sent."""
    with pytest.raises(SampleError) as caught:
        Carried(threading.Lock())
    assert str(caught.value) == (
        "The model cannot be sent to the executors.\n"
        "  got: lock: cannot pickle '_thread.lock' object\n"
        "  expected: a model that can be pickled\n"
        "  do: Remove locks, connections, generators and Spark's own objects from it."
    )
    assert isinstance(caught.value.__cause__, TypeError)
