import threading

import pytest

from airflow_spark_guard.job import carrier as carrier_module
from airflow_spark_guard.job.carrier import Carrier, newest
from airflow_spark_guard.job.wire import Channel, encode


class Store:
    """Keeps files; may not be ready, and may fail."""

    def __init__(self) -> None:
        self.files, self.ready, self.failures, self.asked = {}, True, 0, []

    def is_ready(self, *, urgent):
        self.asked.append(urgent)
        return self.ready or urgent

    def write(self, name, data):
        if self.failures:
            self.failures -= 1
            raise OSError("the store is away")
        self.files[name] = data


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def channel(tmp_path):
    (tmp_path / "channel").touch()
    return Channel(str(tmp_path / "channel"))


@pytest.fixture
def carrier(tmp_path, channel, store, monkeypatch):
    monkeypatch.setattr(carrier_module, "BETWEEN_TRIES", 0.01)
    made = Carrier(str(tmp_path / "channel"), store, "1795220516234-17")
    yield made
    made._file.close()


def text(store):
    return b"".join(store.files.values())


def test_what_is_new_goes_into_the_next_file(carrier, channel, store):
    """In the order of their names."""
    channel.send("bye")
    assert carrier.carry()
    channel.send("result", value=3)
    assert carrier.carry()
    assert carrier.carry()
    assert list(store.files) == ["1795220516234-17-000000.jsonl", "1795220516234-17-000001.jsonl"]
    assert [b'"bye"' in data for data in store.files.values()] == [True, False]


def test_half_a_line_waits_for_its_end(carrier, store, tmp_path):
    """A writer may be in the middle of it."""
    line = encode("result", {"value": "x" * 100}, 1.0)
    with (tmp_path / "channel").open("ab", buffering=0) as file:
        file.write(line[:50])
        assert carrier.carry()
        assert not store.files
        file.write(line[50:])
    assert carrier.carry()
    assert text(store) == line


def test_a_store_that_is_not_ready_is_waited_for_unless_it_is_urgent(carrier, channel, store):
    """A script may have no SparkContext yet; at the end there is no other time."""
    store.ready = False
    channel.send("bye")
    assert not carrier.carry()
    assert not store.files
    carrier.carry_all()
    assert b'"bye"' in text(store)


def test_what_could_not_be_carried_goes_with_the_next(carrier, channel, store):
    """Nothing is lost, and nothing comes twice."""
    store.failures = 1
    channel.send("bye")
    with pytest.raises(OSError, match="away"):
        carrier.carry()
    channel.send("result", value=3)
    assert carrier.carry()
    assert len(store.files) == 1
    assert text(store).count(b'"kind"') == 2


def test_the_end_is_tried_several_times_and_never_fails_the_job(carrier, channel, store, capsys):
    """Its work is done; the driver's log says what is missing, once."""
    channel.send("bye")
    store.failures = 2
    carrier.carry_all()
    assert b'"bye"' in text(store)
    channel.send("bye")
    store.failures = 100
    carrier.carry_all()
    assert capsys.readouterr().err == (
        "spark-guard: the channel directory cannot be written: OSError: the store is away\n"
    )


def test_a_store_that_hangs_does_not_keep_the_driver(carrier, channel, store, monkeypatch, capsys):
    """The driver's container is needed by others."""
    monkeypatch.setattr(carrier_module, "LONGEST_END", 0.1)
    hangs = threading.Event()
    monkeypatch.setattr(store, "write", lambda *_: hangs.wait(60))
    channel.send("bye")
    carrier.carry_all()
    carrier.finish()  # it is not waited for again
    assert capsys.readouterr().err.count("TimeoutError: no answer within 0.1 s") == 1
    hangs.set()


def test_it_carries_by_itself_while_the_job_runs(carrier, channel, store, monkeypatch):
    """Seldom, since each file is an object of a store."""
    monkeypatch.setattr(carrier_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(carrier_module, "LONGEST_PAUSE", 0.02)
    store.failures = 1
    carrier.start()
    channel.send("bye")
    for _ in range(200):
        if store.files:
            break
        threading.Event().wait(0.02)
    carrier.finish()
    assert b'"bye"' in text(store)


def test_more_than_one_file_may_be_due(carrier, channel, store, monkeypatch):
    """No file is larger than the reader takes."""
    monkeypatch.setattr(carrier_module, "LARGEST_FILE", 200)
    for number in range(10):
        channel.send("result", value=number)
    assert carrier.carry()
    assert len(store.files) > 1
    assert max(map(len, store.files.values())) <= 200
    assert text(store).count(b'"kind"') == 10


def test_of_many_signs_of_progress_the_newest_goes():
    """It says all that the others said."""
    lines = [encode("progress", {"stages": [], "rss": number}, number) for number in range(5)]
    bye = encode("bye", {}, 9.0)
    assert newest(b"".join([lines[0], bye, *lines[1:]])) == bye + lines[4]
    assert newest(bye) == bye


def test_what_was_carried_takes_no_space_any_more(carrier, channel, store, tmp_path):
    """A job may report for days, on the disk of a pod."""
    with (tmp_path / "channel").open("ab") as file:
        for _ in range(12):
            file.write(encode("warning", {"text": "x" * 1_000_000}, 1.0))
    assert carrier.carry()
    found = (tmp_path / "channel").stat()
    assert len(text(store)) == found.st_size
    assert found.st_blocks * 512 < found.st_size / 2


def test_what_comes_after_the_end_of_the_script_is_carried_too(carrier, channel, store):
    """By its own thread: Python starts none while it exits."""
    carrier.start()
    channel.send("bye")
    carrier.carry_all()
    channel.send("result", value=3)
    threads = set(threading.enumerate())
    carrier.finish()
    assert set(threading.enumerate()) <= threads
    assert [b'"bye"' in data for data in store.files.values()] == [True, False]
