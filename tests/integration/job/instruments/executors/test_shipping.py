"""A module that only the driver has, in functions on executors: before and after it is shipped."""

from __future__ import annotations

import sys

import pytest
from pyspark.errors import PythonException

from airflow_spark_guard.job.instruments.executors.environment import check_environment
from airflow_spark_guard.job.instruments.executors.local_modules import modules_needed
from airflow_spark_guard.job.instruments.executors.shipping import ship_modules
from tests.support.local_cluster import local_cluster

pytestmark = pytest.mark.spark
NO_MODULE = "No module named 'my_local_utilities'"


@pytest.fixture(scope="module")
def spark():
    with local_cluster() as session:
        yield session


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a job, on the driver's path alone: a module that imports a package beside it."""
    root = tmp_path_factory.mktemp("job")
    (root / "my_local_package").mkdir()
    (root / "my_local_package" / "__init__.py").write_text("")
    (root / "my_local_package" / "part.py").write_text("FACTOR = 2\n")
    (root / "my_local_utilities.py").write_text(
        "from my_local_package import part\ndef twice(x):\n    return part.FACTOR * x\n"
    )
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))


def test_it_fails_before_and_runs_after(spark, folder):
    """In ``mapPartitions`` and in a UDF, with the package that the module imports."""
    import my_local_utilities
    from pyspark.sql import functions as sf

    def twice_all(rows):
        from my_local_utilities import twice

        return [twice(row) for row in rows]

    def by_rdd():
        return spark.sparkContext.parallelize(range(4), 2).mapPartitions(twice_all).collect()

    def by_udf():
        udf = sf.udf(my_local_utilities.twice, "long")
        return [row[0] for row in spark.range(0, 4, 1, 2).select(udf("id")).collect()]

    for run in (by_rdd, by_udf):
        with pytest.raises(PythonException, match=NO_MODULE):
            run()
    needed = modules_needed(twice_all, folder)
    assert needed == ("my_local_package", "my_local_utilities")
    report = check_environment(spark, needed)
    assert {row.what for row in report.differences} == {f"module {name}" for name in needed}

    assert ship_modules(spark, *needed) == needed
    assert by_rdd() == by_udf() == [0, 2, 4, 6]
    assert check_environment(spark, needed).is_equal


def test_the_same_content_is_sent_once(spark, folder):
    """Spark's own list of files shows it."""
    before = list(spark.sparkContext.listFiles)
    ship_modules(spark, "my_local_package", folder / "my_local_utilities.py")
    assert spark.sparkContext.listFiles == before
    assert len(before) == 1
