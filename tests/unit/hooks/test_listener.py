"""Who takes the hook's reports."""

from airflow_spark_guard.hooks.listener import Listener


def test_callables_leave_the_arguments_that_held_them():
    """The others go to the provider's hook."""
    taken = []
    arguments = {"conn_id": "x", "on_observed": taken.append, "on_application": None}
    listener = Listener.taken_from(arguments)
    assert arguments == {"conn_id": "x"}
    listener.on_application("not wanted")
    listener.on_observed("error")
    assert taken == ["error"]
