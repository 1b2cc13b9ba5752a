import urllib.request
from urllib.error import URLError

import pytest

from airflow_spark_guard.testing import FakeApplication, FakeKubernetes, FakeManager, FakeResourceManager
from airflow_spark_guard.testing.fake_manager import deque


def test_a_course_goes_one_step_further_with_each_look():
    """The last state stays."""
    with FakeResourceManager() as yarn:
        found = yarn.add(course=["WAITING", "RUNNING"])
        assert [found.look() for _ in range(3)] == ["WAITING", "RUNNING", "RUNNING"]
        assert found.started_at is not None


def test_what_is_over_cannot_be_killed():
    """It keeps its end."""
    found = FakeApplication("a", "a job", {}, deque(["SUCCEEDED"]))
    with FakeResourceManager() as yarn:
        found = yarn.add(course=["SUCCEEDED"])
        found.kill()
        assert (found.killed, found.state) == (False, "SUCCEEDED")


@pytest.mark.parametrize("kind", [FakeResourceManager, FakeKubernetes])
def test_it_hangs_up_where_it_is_down_and_is_gone_when_it_is_left(kind):
    """As a machine that dies."""
    with kind() as manager:
        manager.down = True
        with pytest.raises((URLError, ConnectionError)):
            urllib.request.urlopen(f"{manager.url}/x")
        assert manager.requests == []
    with pytest.raises(URLError):
        urllib.request.urlopen(f"{manager.url}/x")


def test_the_common_part_is_no_manager():
    """Each has its own ids and answers."""
    manager = FakeManager()
    for call in (
        lambda: manager.new_id({}),
        lambda: manager.answer("", "", {}, None),
        lambda: manager.refusal(401),
    ):
        with pytest.raises(NotImplementedError):
            call()
    manager._server.server_close()
