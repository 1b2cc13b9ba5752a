from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.web.master_page import ApplicationPage, read_page
from tests.support.paths import DATA

PAGE = (DATA / "pages" / "master-application-4.2.0.html").read_bytes()


def test_the_page_names_the_drivers_ui_and_who_ended():
    """Recorded from a real master: two executors were killed, one runs; the first never registered."""
    page = read_page(PAGE)
    assert page.driver_ui == "http://localhost:33069"
    assert [(row.id, row.host, row.active) for row in page.ended] == [
        ("0", "127.0.0.1", False),
        ("1", "127.0.0.1", False),
    ]
    assert page.ended[0].reason == "EXITED according to the master; the driver has no record of it"
    assert page.running == {"2"}
    assert [(row.id, row.host, row.active) for row in page.unended] == [("2", "127.0.0.1", True)]


def test_the_page_names_where_the_stderr_is():
    """Of executors that never registered nobody else knows it."""
    page = read_page(PAGE)
    url = "http://127.0.0.1:41237/logPage/?appId=app-20261121035943-0000&executorId={}&logType=stderr"
    assert [row.stderr_url for row in (*page.ended, *page.unended)] == [url.format(n) for n in (0, 1, 2)]
    assert (
        read_page(PAGE.replace(b"http://127.0.0.1:41237/logPage", b"javascript:alert")).ended[0].stderr_url
        == ""
    )


def test_an_executor_that_runs_or_was_told_to_end_is_no_loss():
    """KILLED is what the master writes of one that it has taken away."""
    assert read_page(PAGE.replace(b"EXITED", b"KILLED")).ended == ()


def test_only_a_web_address_is_taken_for_the_drivers():
    """What the application has told the master about itself is untrusted."""
    assert read_page(PAGE.replace(b"http://localhost:33069", b"javascript:alert(1)")).driver_ui == ""
    escaped = PAGE.replace(b"http://localhost:33069", b"http://proxy/?a=1&amp;b=2")
    assert read_page(escaped).driver_ui == "http://proxy/?a=1&b=2"


@given(st.binary(max_size=300))
def test_a_page_that_is_none_says_nothing(body):
    """It is HTML for people, and may change."""
    assert read_page(body) == ApplicationPage()
