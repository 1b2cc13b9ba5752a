from airflow_spark_guard.core.conf.conf_draft import ConfValue, Draft


def test_a_value_is_the_users_then_ours_then_sparks_own():
    """What Spark will use, in its own units."""
    draft = Draft(
        {"spark.network.timeout": "180s"}, {"spark.executor.heartbeatInterval": ConfValue("5000", "conf")}
    )
    assert draft.number("spark.executor.heartbeatInterval") == 5
    assert draft.number("spark.network.timeout") == 180
    assert draft.number("spark.network.timeoutInterval") == 60
    assert draft.number("spark.rpc.askTimeout") is None
    assert draft.number("spark.buffer.size") is None


def test_a_value_that_spark_cannot_read_has_no_number():
    """Spark's own message about it is the best one."""
    assert (
        Draft({}, {"spark.network.timeout": ConfValue("soon", "file")}).number("spark.network.timeout")
        is None
    )


def test_keys_left_out_for_one_reason_make_one_note_and_warnings_come_last():
    """What is not ours is passed over."""
    draft = Draft({"a": "1", "b": "2", "c": "3"}, {})
    draft.warn("Beware.")
    draft.drop("Reason.", "a", "x")
    draft.drop("Reason.", "b")
    draft.drop("Nothing.", "a")
    assert draft.ours == {"c": "3"}
    assert draft.notes() == ("Reason. Left out of the profile: a, b.", "Beware.")
