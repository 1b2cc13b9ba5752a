"""live.json, stack samples on request, and the end on request."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest

from airflow_spark_guard.attempt.live import NAME, Live, NoRequests, ended_by, requests_of
from airflow_spark_guard.attempt.watch import Watch
from airflow_spark_guard.core.failure.exceptions import error_of_finding
from airflow_spark_guard.core.failure.retry import advise
from airflow_spark_guard.core.live.request import MOST, Request
from airflow_spark_guard.core.live.state import LiveState
from airflow_spark_guard.core.stacktraces.autopsy import Autopsy
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.channel_state import ChannelState
from airflow_spark_guard.process.record import NoRecord, Record
from tests.support.limits import watch_limits


class Asked:
    """Requests from a list."""

    def __init__(self, *requests):
        self.left = list(requests)

    def take(self):
        return self.left.pop(0) if self.left else None

    def close(self):
        pass


class Sampling:
    """A sampler that returns at once, or after a while."""

    def __init__(self, pause=0.0):
        self.pause, self.count = pause, 0

    def sample(self, _channel_state, _now):
        self.count += 1
        time.sleep(self.pause)
        return Autopsy(place="a.py:3, f", text="the stacks")


def request(kind, number=1):
    return Request(f"{number:032x}", kind, "alice", 1000.0)


@pytest.fixture
def record(tmp_path):
    with Record(tmp_path / "record", 1 << 20) as made:
        yield made


def live_of(record, *requests, log=None):
    lines = [] if log is None else log
    return Live(record, Watch(watch_limits()), LiveState(60.0), Asked(*requests), lines.append)


def written(record, name):
    record.close()
    return json.loads((record.folder / name).read_text())


def drive(live, sampler, now=10.0, budget=5.0):
    """Until no sample is being taken."""
    found = live.asked(now, ChannelState(), sampler, budget)
    limit = time.monotonic() + 10
    while live.is_sampling and time.monotonic() < limit:
        found = live.asked(now, ChannelState(), sampler, budget)
        time.sleep(0.01)
    return found


def test_it_is_written_at_most_every_two_seconds(record, monkeypatch):
    """And at once when the phase changes."""
    live = live_of(record)
    written_at = []
    monkeypatch.setattr(record, "json_file", lambda _, fields, **__: written_at.append(fields["at"]))
    for tick in range(40):
        live.show(tick * 0.25, ChannelState())
    assert written_at == [0.0, 2.0, 4.0, 6.0, 8.0]
    live.show(9.75, ChannelState(), "ending")
    live.show(9.8, ChannelState(), "ending")
    assert written_at[5:] == [9.8]


def test_the_file_has_the_deadline_and_what_may_be_asked(record):
    """As the page reads it."""
    live_of(record).show(3.0, ChannelState())
    fields = written(record, NAME)
    assert (fields["deadline_s"], fields["requests"], fields["phase"]) == (60.0, ["stacks", "end"], "running")


def test_a_stack_sample_is_written_and_ends_nothing(record):
    """The answer names the line."""
    log = []
    live = live_of(record, request("stacks"), log=log)
    assert drive(live, Sampling()) is None
    assert log == ["alice takes a stack sample on Airflow's page Spark guard."]
    answer = written(record, f"answer-{1:032x}.json")
    assert (answer["state"], answer["place"], answer["sample"]) == ("done", "a.py:3, f", True)
    assert (record.folder / f"sample-{1:032x}.txt").read_text() == "the stacks"


def test_samples_have_a_pause_between_them_and_a_number(record):
    """Each stops the job's processes for a moment."""
    live = live_of(record, request("stacks", 1), request("stacks", 2), request("stacks", 3))
    sampler = Sampling()
    drive(live, sampler, now=10.0)
    drive(live, sampler, now=12.0)
    live._answered = MOST
    drive(live, sampler, now=100.0)
    assert sampler.count == 1
    assert "2 s old (limit: 5 s" in written(record, f"answer-{2:032x}.json")["text"]
    assert "(limit: 50)" in json.loads((record.folder / f"answer-{3:032x}.json").read_text())["text"]


def test_a_sample_that_takes_too_long_is_given_up(record):
    """The watch goes on."""
    live = live_of(record, request("stacks"))
    drive(live, Sampling(pause=30.0), budget=0.1)
    assert not live.is_sampling
    assert written(record, f"answer-{1:032x}.json")["state"] == "refused"


def test_a_user_ends_it_even_when_no_sample_is_allowed_any_more(record):
    """The name is in the sentence, and Airflow does not retry."""
    live = live_of(record, request("end"))
    live._answered = MOST + 5
    finding = live.asked(10.0, ChannelState(), Sampling(), 5.0)
    assert (live.ender, finding.verdict, finding.suspect) == ("alice", Verdict.KILLED, "any")
    error = error_of_finding(finding)
    assert (error.verdict, error.limit) == (Verdict.KILLED, None)
    advice = advise(error, 1)
    assert (advice.retry, advice.hint) == (False, ended_by("bob", 1.0).advice)


def test_what_is_not_finished_at_the_end_is_answered(record):
    """The page must not wait for it."""
    live = live_of(record, request("stacks", 1), request("stacks", 2))
    live.asked(10.0, ChannelState(), Sampling(pause=30.0), 20.0)
    live.close()
    assert written(record, f"answer-{1:032x}.json")["state"] == "refused"
    assert "had ended" in json.loads((record.folder / f"answer-{2:032x}.json").read_text())["text"]


def test_without_a_record_there_are_no_requests(record):
    """Nothing is polled."""
    assert isinstance(requests_of(NoRecord()), NoRequests)
    assert NoRequests().take() is None
    NoRequests().close()
    with closing(requests_of(record)) as requests:
        assert requests.take() is None
