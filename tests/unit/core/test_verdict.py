from airflow_spark_guard.core.verdict import Verdict


def test_a_verdict_is_its_own_name():
    """It can be written to JSON, to a log and to XCom as it is."""
    for verdict in Verdict:
        assert verdict == verdict.name
        assert f"{verdict}" == verdict.name
        assert Verdict(verdict.name) is verdict
