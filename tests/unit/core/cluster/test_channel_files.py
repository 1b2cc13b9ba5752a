import pytest

from airflow_spark_guard.core.cluster.channel_files import (
    ChannelFiles,
    as_airflow_names_it,
    attempt_directory,
)

FIRST, SECOND = "1795220516234-17", "1795220599999-4"


def name(writer, number):
    return f"{writer}-{number:06d}.jsonl"


def test_files_come_in_the_order_of_their_numbers_and_once():
    """Whatever order the store lists them in."""
    files = ChannelFiles()
    listed = [name(FIRST, 1), name(FIRST, 0)]
    assert files.next(listed) == (True, [name(FIRST, 0), name(FIRST, 1)])
    files.taken()
    assert files.next(listed) == (False, [name(FIRST, 1)])
    files.taken()
    assert files.next(listed) == (False, [])


def test_a_gap_is_waited_for():
    """A store may show the newer file first."""
    files = ChannelFiles()
    assert files.next([name(FIRST, 0), name(FIRST, 2)]) == (True, [name(FIRST, 0)])


def test_another_driver_takes_over():
    """YARN may have started a second one; what the first one said of its end does not count."""
    files = ChannelFiles()
    files.next([name(FIRST, 0)])
    files.taken()
    both = [name(FIRST, 0), name(FIRST, 1), name(SECOND, 0)]
    assert files.next(both) == (True, [name(SECOND, 0)])
    assert files.next(both) == (False, [name(SECOND, 0)])


@pytest.mark.parametrize("foreign", ["x.jsonl", name(FIRST, 0) + ".part", "_SUCCESS", "1-1-000000.jsonl", ""])
def test_other_files_are_left_alone(foreign):
    """Half a file too."""
    assert ChannelFiles().next([foreign]) == (False, [])


@pytest.mark.parametrize(
    ("directory", "named"),
    [
        ("s3a://bucket/x", "s3://bucket/x"),
        ("s3n://bucket/x", "s3://bucket/x"),
        ("gs://bucket/x", "gs://bucket/x"),
        ("hdfs://nn:8020/x", "hdfs://nn:8020/x"),
        ("/shared/x", "file:///shared/x"),
        ("file:/shared/x", "file:///shared/x"),
        ("file:///shared/x", "file:///shared/x"),
    ],
)
def test_airflow_names_the_same_place_in_its_way(directory, named):
    """Hadoop and fsspec differ in their schemes."""
    assert as_airflow_names_it(directory) == named


def test_each_try_has_a_directory_of_its_own():
    """Below the task's."""
    assert attempt_directory("s3a://bucket/x/", "aa", "bb") == "s3a://bucket/x/aa/bb"
