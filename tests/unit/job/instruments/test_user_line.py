from __future__ import annotations

import functools
import re
import sys
import types

from airflow_spark_guard.job.instruments import user_line as module
from airflow_spark_guard.job.instruments.user_line import user_line


def test_the_line_of_the_caller():
    line = sys._getframe().f_lineno + 1
    assert user_line() == f"test_user_line.py:{line}"


def test_frames_of_spark_and_of_the_standard_library_are_passed_over():
    library = types.ModuleType("pyspark.sql.dataframe")
    source = "def collect(call):\n    return call()\n"
    exec(compile(source, "/opt/spark/python/lib/pyspark.zip/pyspark/sql/dataframe.py", "exec"), vars(library))  # noqa: S102
    line = sys._getframe().f_lineno + 1
    found = library.collect(functools.partial(functools.lru_cache(maxsize=1)(user_line)))
    assert found == f"test_user_line.py:{line}"


def test_a_script_that_is_no_file_has_its_name():
    scope = {"user_line": user_line}
    exec(compile("\n\nfound = user_line()", "<stdin>", "exec"), scope)  # noqa: S102
    assert scope["found"] == "<stdin>:3"


def test_what_is_users():
    assert module._is_users("/jobs/job.py")
    assert module._is_users("/venv/lib/python3.12/site-packages/companylib/etl.py")
    assert not module._is_users("/venv/lib/python3.12/site-packages/pyspark/core/rdd.py")
    assert not module._is_users("/venv/lib/python3.12/site-packages/py4j/java_gateway.py")
    assert not module._is_users(functools.__file__)
    assert not module._is_users("<frozen importlib._bootstrap>")
    assert not re.search("pyspark", module.__file__)
