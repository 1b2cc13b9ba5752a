from airflow_spark_guard.hooks.supervisor import supervisor_pid


def test_outside_a_supervised_task_there_is_no_supervisor():
    """Under ``dag.test()`` the parent is somebody's shell."""
    assert supervisor_pid() is None
