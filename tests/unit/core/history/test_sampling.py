"""Figures over time."""

from itertools import pairwise

from airflow_spark_guard.core.history.model import Sample
from airflow_spark_guard.core.history.sampling import MOST_SAMPLES, Sampling


def test_a_long_application_has_no_more_samples_than_a_short_one():
    sampling = Sampling()
    for at in range(100_000):
        if at * 1000 >= sampling.due:
            sampling.take(Sample(float(at), done=at))
    found = sampling.samples(Sample(100_000.0))
    assert MOST_SAMPLES / 3 < len(found) <= MOST_SAMPLES
    times = [sample.at for sample in found]
    assert times == sorted(set(times))
    assert (times[0], times[-1]) == (0, 100_000)
    assert max(after - before for before, after in pairwise(times)) < 1000


def test_the_last_one_is_the_state_at_the_end():
    sampling = Sampling()
    sampling.take(Sample(5.0, done=1))
    assert sampling.samples(Sample(5.0, done=2)) == (Sample(5.0, done=2),)
    assert sampling.due == 5250
