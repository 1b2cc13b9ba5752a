"""Memory that is left, on file systems made for the test, and what does not fit into it."""

from __future__ import annotations

import pytest

from airflow_spark_guard.job import SampleError
from airflow_spark_guard.job.collection.budget import Budget, budget_for, memory_left, parsed

MIB = 1 << 20
GIB = 1 << 30


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def group(path, limit, usage, inactive=0):
    return {
        f"{path}/memory.max": f"{limit}\n",
        f"{path}/memory.current": f"{usage}\n",
        f"{path}/memory.stat": f"anon 123\ninactive_file {inactive}\nactive_file 7\n",
    }


MEMINFO = {
    "proc/meminfo": "MemTotal:       16384 kB\nMemFree:  100 kB\nMemAvailable:   8192 kB\nHugePages_Total: 0\n"
}


def test_nothing_to_read_is_unknown(tmp_path):
    """Where neither the machine nor a group tells, None."""
    assert memory_left(tmp_path) is None


def test_the_machine_alone(tmp_path):
    """MemAvailable, which is in KiB."""
    assert memory_left(write(tmp_path, MEMINFO)) == 8192 * 1024


def test_a_group_alone(tmp_path):
    """A container without /proc/meminfo: limit minus usage, page cache given back."""
    files = {"proc/self/cgroup": "0::/\n", **group("sys/fs/cgroup", 10 * MIB, 6 * MIB, MIB)}
    assert memory_left(write(tmp_path, files)) == 5 * MIB


def test_the_tightest_of_nested_groups_binds(tmp_path):
    """A parent's limit counts as well as the group's own; "max" is none."""
    files = {
        **MEMINFO,
        "proc/self/cgroup": "0::/a/b/c\n",
        **group("sys/fs/cgroup/a/b/c", "max", 5 * MIB),
        **group("sys/fs/cgroup/a/b", 4 * MIB, 3 * MIB, 1000),
        **group("sys/fs/cgroup/a", 100 * MIB, 3 * MIB),
    }
    assert memory_left(write(tmp_path, files)) == MIB + 1000
    (tmp_path / "sys/fs/cgroup/a/b/memory.max").write_text("max\n")
    assert memory_left(tmp_path) == 8 * MIB
    (tmp_path / "sys/fs/cgroup/a/memory.max").write_text(str(5 * MIB))
    assert memory_left(tmp_path) == 2 * MIB


def test_a_group_that_is_over_its_limit_leaves_nothing(tmp_path):
    """Never less than zero."""
    files = {**MEMINFO, "proc/self/cgroup": "0::/a\n", **group("sys/fs/cgroup/a", MIB, 2 * MIB)}
    assert memory_left(write(tmp_path, files)) == 0


def test_a_group_above_the_container_is_looked_up_to_the_top(tmp_path):
    """As a container sees a group outside of its own name space."""
    files = {**MEMINFO, "proc/self/cgroup": "0::/../..\n", **group("sys/fs/cgroup", 3 * MIB, MIB)}
    assert memory_left(write(tmp_path, files)) == 2 * MIB


def test_without_a_group_of_its_own_the_top_counts(tmp_path):
    """A container whose /proc/self/cgroup is hidden still shows its limit at the top."""
    assert memory_left(write(tmp_path, {**MEMINFO, **group("sys/fs/cgroup", 3 * MIB, MIB)})) == 2 * MIB


def test_version_one_groups(tmp_path):
    """The older files are read where the newer ones say nothing; their "unlimited" does not bind."""
    old = "sys/fs/cgroup/memory"
    files = {
        **MEMINFO,
        "proc/self/cgroup": "5:memory:/docker/abc\n",
        f"{old}/memory.limit_in_bytes": "4194304",
        f"{old}/memory.usage_in_bytes": "3145728",
        f"{old}/memory.stat": "inactive_file 1\ntotal_inactive_file 500\n",
    }
    assert memory_left(write(tmp_path, files)) == MIB + 500
    (tmp_path / old / "memory.limit_in_bytes").write_text("9223372036854771712")
    assert memory_left(tmp_path) == 8 * MIB


def test_this_machine_tells_something():
    """The real root gives a number of bytes below a petabyte."""
    left = memory_left()
    assert left is not None
    assert MIB < left < 1 << 50


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1g", GIB),
        ("512m", 512 * MIB),
        ("512MB", 512 * MIB),
        ("16k", 16384),
        ("2t", 2 << 40),
        ("1048576", MIB),
        ("100b", 100),
        (" 3G ", 3 * GIB),
        ("0", 0),
        ("much", None),
        ("", None),
        ("1.5g", None),
    ],
)
def test_sizes_are_read_as_spark_writes_them(text, size):
    """Units of 1024; what is no size is none."""
    assert parsed(text) == size


def test_a_budget_without_a_wish_is_a_safe_share():
    """60 % of what is left, as a bound; Spark's own limit beside it."""
    budget = budget_for(None, "512m", 1000)
    assert budget == Budget(
        600,
        "60% of the 1000 bytes that are left here",
        asked=False,
        result_size=512 * MIB,
    )


def test_a_budget_of_nothing_known_has_no_limit():
    """Where memory is not told, and Spark says nothing, every sample passes."""
    budget = budget_for(None, None, None)
    assert budget.limit is None
    assert budget.result_size is None
    assert budget.rows(8) is None
    budget.check(10**12, 8)


def test_a_budget_in_bytes_and_as_a_share():
    """A whole number is bytes, a float a share; both cut the sample."""
    assert budget_for(500, None, 1000) == Budget(500, "max_bytes", asked=True)
    share = budget_for(0.25, None, 1000)
    assert share == Budget(250, "max_bytes=0.25, a share of the 1000 bytes that are left", asked=True)
    assert share.rows(100) == 2
    assert share.rows(0) == 250


def test_a_share_of_the_unknown_is_refused():
    """Without a figure of the memory a share means nothing."""
    with pytest.raises(SampleError) as caught:
        budget_for(0.5, "1g", None)
    assert str(caught.value) == (
        "max_bytes as a share needs to know the memory that is left.\n"
        "  got: max_bytes=0.5, and neither /proc/meminfo nor a cgroup can be read\n"
        "  expected: Linux\n"
        "  do: Pass max_bytes in bytes, as a whole number."
    )


def test_the_refusal_has_the_numbers_and_the_ways_out():
    """Rows, bytes of a row, what fits, and where the limit comes from."""
    budget = budget_for(None, None, 10 * GIB)
    budget.check(6 * GIB // 4000, 4000)
    with pytest.raises(SampleError) as caught:
        budget.check(2_000_000, 4000)
    assert str(caught.value) == (
        "The sample does not fit into the driver's memory.\n"
        "  got: 2,000,000 rows of 4,000 bytes, 7.5 GiB\n"
        "  expected: at most 6.0 GiB (60% of the 10.0 GiB that are left here)\n"
        "  do: Pass max_rows=1610612 or max_bytes=0.5 (a share of the memory left) for a smaller "
        "sample; take fewer columns, dtype='float32', or sparse=True for sparse vectors; read all rows with "
        "iter_batches; or give the driver more memory."
    )


def test_more_than_spark_returns_is_refused():
    """spark.driver.maxResultSize is compared before Spark does; 0 is no limit."""
    Budget(None, "", asked=False, result_size=0).check(10**9, 1000)
    budget = Budget(None, "", asked=False, result_size=MIB)
    budget.check(900, 1000)
    with pytest.raises(SampleError) as caught:
        budget.check(1000, 1000)
    assert str(caught.value) == (
        "Spark would end the job: its result is too large.\n"
        "  got: 1,000 rows of 1,000 bytes, 976.6 KiB\n"
        "  expected: at most 1.0 MiB (spark.driver.maxResultSize)\n"
        "  do: Pass max_rows=953; or read it with iter_batches, which has no such limit; or raise "
        "spark.driver.maxResultSize and the driver's memory with it."
    )
