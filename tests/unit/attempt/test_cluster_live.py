"""What cluster mode shows, and the one request that it answers."""

from __future__ import annotations

import json

from airflow_spark_guard.attempt.cluster_live import ClusterLive
from airflow_spark_guard.core.live.request import Request
from airflow_spark_guard.core.live.state import LiveState
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.process.record import Record
from tests.unit.attempt.test_live import Asked


def request(kind, number):
    return Request(f"{number:032x}", kind, "alice", 1000.0)


def test_stacks_are_refused_and_the_end_is_remembered(tmp_path):
    """The answer gives the reason."""
    with Record(tmp_path / "record", 1 << 20) as record:
        live = ClusterLive(record, LiveState(), Asked(request("stacks", 1), request("end", 2)))
        assert live.asked() == ""
        live.show(3.0, ChannelState(), "application_1")
        assert [live.asked(), live.asked()] == ["alice", "alice"]
        live.show(4.0, ChannelState(), "application_1")
        live.close()
    read = lambda name: json.loads((tmp_path / "record" / name).read_text())  # noqa: E731
    assert read(f"answer-{1:032x}.json")["state"] == "refused"
    assert "on the cluster" in read(f"answer-{1:032x}.json")["text"]
    assert read(f"answer-{2:032x}.json")["state"] == "done"
    live = read("live.json")
    assert (live["phase"], live["requests"], live["application_id"]) == ("ending", ["end"], "application_1")
