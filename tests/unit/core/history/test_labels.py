"""What a reader is shown as the name of a stage."""

from airflow_spark_guard.core.history.labels import descriptions, stage_label
from airflow_spark_guard.core.history.model import ApplicationHistory, SqlHistory, StageHistory

SPARKS_OWN = "$anonfun$withThreadLocalCaptured$1 at CompletableFuture.java:1768"
HISTORY = ApplicationHistory(executions=(SqlHistory(3, "count at job.py:12"), SqlHistory(4)))


def label(name, execution=None):
    return stage_label(StageHistory(0, 0, name=name, execution=execution), descriptions(HISTORY))


def test_a_stage_has_the_name_that_spark_gave_it():
    assert label("parquet at job.py:3", 3) == "parquet at job.py:3"


def test_where_spark_names_its_own_code_the_query_says_more():
    assert label(SPARKS_OWN, 3) == "count at job.py:12"


def test_without_a_query_or_its_description_the_name_stays():
    assert label(SPARKS_OWN) == label(SPARKS_OWN, 4) == label(SPARKS_OWN, 9) == SPARKS_OWN
