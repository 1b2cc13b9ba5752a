"""An array that travels once: what it is on the driver, in a worker, and after its end."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from airflow_spark_guard.job import shared_array
from airflow_spark_guard.job.shared_array import SharedArray, attached, share

pytestmark = pytest.mark.spark


@pytest.fixture
def numbers():
    return np.arange(120_000, dtype="float32").reshape(-1, 4)


@pytest.fixture
def shared(spark, numbers):
    array = share(spark.sparkContext, numbers)
    yield array
    if array.handle.broadcast is not None:
        array.release()


def size(spark, array):
    """Bytes of the pickled array."""
    try:
        return len(pickle.dumps(array))
    finally:
        # Pickling notes the broadcast for the job that would follow.
        spark.sparkContext._pickled_broadcast_vars.clear()


def test_it_is_the_array_itself_without_a_copy(shared, numbers):
    """A read-only view: the caller's own array can still be written to."""
    assert isinstance(shared, SharedArray)
    assert np.shares_memory(shared, numbers)
    np.testing.assert_array_equal(np.asarray(shared), numbers)
    with pytest.raises(ValueError, match="read-only"):
        shared[0] = 1
    numbers[0, 0] = 7
    assert shared[0, 0] == 7


def test_pickled_it_is_its_handle(spark, shared):
    """A few bytes, whatever its size."""
    assert size(spark, shared) < 1000 < shared.nbytes


def test_a_worker_has_the_values_once_and_read_only(spark, shared, numbers):
    """Tasks of one worker share one plain array, which none of them may write to."""
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(shared_array)
    try:
        found = (
            spark.sparkContext.parallelize(range(2), 1)
            .map(lambda _: (float(shared.sum()), type(shared).__name__, shared.flags.writeable))
            .collect()
        )
    finally:
        cloudpickle.unregister_pickle_by_value(shared_array)
    assert found == [(float(numbers.sum()), "ndarray", False)] * 2


def test_attached_takes_the_right_to_write(spark):
    """Whatever the broadcast's array was."""
    broadcast = spark.sparkContext.broadcast(np.zeros(3))
    array = attached(broadcast)
    assert array is broadcast.value
    assert not array.flags.writeable
    broadcast.destroy()


def test_what_is_made_of_it_is_plain(shared, numbers):
    """Rows, columns, results of arithmetic and single numbers know nothing of the broadcast."""
    for made in (shared[:5], shared[[1, 2]], shared[:, 0], shared[shared > 5], shared + 1, np.sqrt(shared)):
        assert type(made) is np.ndarray
    assert type(shared[0, 0]) is np.float32
    assert isinstance(shared.max(), np.float32)
    assert type(shared.sum(axis=0)) is np.ndarray
    np.testing.assert_array_equal(shared @ np.ones(4, "float32"), numbers @ np.ones(4, "float32"))


def test_another_view_or_copy_of_it_is_pickled_whole(spark, shared, numbers):
    """The handle stands for the array as it was shared, and for nothing else."""
    for other, values in (
        (shared.T, numbers.T),
        (shared.reshape(-1), numbers.reshape(-1)),
        (copy.deepcopy(shared), numbers),
    ):
        assert size(spark, other) > numbers.nbytes
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(other)), values)  # noqa: S301 - our own


def test_released_it_is_pickled_whole(spark, shared, numbers):
    """The broadcast is destroyed and the values stay; a copy has nothing to release."""
    broadcast = shared.handle.broadcast
    shared.release()
    assert shared.handle.broadcast is None
    with pytest.raises(Exception, match="destroyed"):
        broadcast._jbroadcast.value()
    back = pickle.loads(pickle.dumps(shared))  # noqa: S301 - our own
    assert type(back) is np.ndarray
    np.testing.assert_array_equal(back, numbers)
    shared.copy().release()
