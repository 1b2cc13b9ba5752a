"""An event log from a history server."""

import io
import zipfile

import pytest

from airflow_spark_guard.core.errors import BadInputError, ConnectionMissingError, MonitorError
from airflow_spark_guard.core.history.replay import LogReplay
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.sources.event_log_download import read_from_history_server
from tests.support.event_logs import small_log
from tests.support.web_server import say, serving

PATH = "/api/v1/applications/app-1/logs"


def zipped(name="app-1", tasks=3):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\n".join(small_log(tasks)))
    return file.getvalue()


def test_the_log_of_an_application():
    asked = []

    def reply(handler, _):
        asked.append((handler.path, handler.headers["Authorization"]))
        say(handler, zipped(), **{"Content-Type": "application/octet-stream"})

    replay = LogReplay(GuardLimits())
    with serving(reply) as url:
        history = read_from_history_server(url, "app-1", access=Access.bearer("t"), watcher=replay)
    assert history.stages[0].done == 3
    assert asked == [(PATH, "Bearer t")]
    assert replay.replayed().looks


def test_a_log_that_is_larger_than_an_answer_may_be():
    """It goes to a file: no more of it is in memory than a chunk. Its size has a limit of its own."""
    with serving(lambda handler, _: say(handler, zipped(tasks=100))) as url:
        assert read_from_history_server(url, "app-1").stages[0].done == 100
        with pytest.raises(MonitorError) as raised:
            read_from_history_server(url, "app-1", largest=1000)
    assert raised.value.got == "the zip is larger than 1000 bytes"


def test_an_unknown_application_is_a_clear_error():
    with (
        serving(lambda handler, _: say(handler, b"no such app: app-9", 404)) as url,
        pytest.raises(MonitorError, match=r"gave no event log of app-9\.") as raised,
    ):
        read_from_history_server(url, "app-9")
    assert raised.value.got == "the event log: HTTP status 404, 'no such app: app-9'"
    assert "Check the application's id" in raised.value.advice


def test_a_server_that_does_not_answer_is_a_clear_error():
    with pytest.raises(
        MonitorError, match="The history server http://127.0.0.1:1 gave no event log of app-1"
    ):
        read_from_history_server("http://127.0.0.1:1", "app-1")


def test_a_login_page_is_no_zip():
    with (
        serving(lambda handler, _: say(handler, b"<html>login</html>")) as url,
        pytest.raises(BadInputError, match=r"The zip of app-1 cannot be opened"),
    ):
        read_from_history_server(url, "app-1")


def test_certificates_that_do_not_exist_are_a_clear_error(tmp_path):
    access = Access(verify=str(tmp_path / "no.pem"))
    with pytest.raises(ConnectionMissingError, match="verify is not a file of certificates"):
        read_from_history_server("https://127.0.0.1:1", "app-1", access=access)
