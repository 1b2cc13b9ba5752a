"""What the watchdog would have done, in sentences."""

from airflow_spark_guard.core.clock import LaunchTime
from airflow_spark_guard.core.history.replay import Acted, Replayed
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.core.watch.finding import Finding
from airflow_spark_guard.report.replay_text import replay_sentences
from tests.support.reports import START, at

STALLED = Finding(
    Verdict.STALLED,
    "Stage 3 stood still for 10m.",
    600.0,
    LaunchTime(700.0),
    got="0 of 4 tasks",
    advice="Look.",
)


def test_the_first_finding_ends_the_job_and_says_what_to_do():
    first, second = replay_sentences(Replayed((Acted(at(3725), STALLED),)), START)
    assert first == (
        "The watchdog would have ended it at 09:02:05 UTC, 1h 2m 5s after its start: "
        "STALLED: Stage 3 stood still for 10m. 0 of 4 tasks"
    )
    assert second == "What to do: Look."


def test_later_findings_would_have_come_without_it():
    acted = tuple(Acted(at(number), STALLED) for number in range(20))
    found = list(replay_sentences(Replayed(acted), START))
    assert [text.split(" at ")[0] for text in found if "STALLED" in text] == [
        "The watchdog would have ended it",
        *["Otherwise again"] * 9,
    ]


def test_a_healthy_application_is_left_alone_and_what_is_not_known_is_said():
    assert list(replay_sentences(Replayed(caveats=("No counters.",)), START)) == [
        "The watchdog would not have ended this application.",
        "No counters.",
    ]


def test_without_a_start_there_is_the_time_alone():
    (first, _) = replay_sentences(Replayed((Acted(at(0), STALLED),)), None)
    assert first.startswith("The watchdog would have ended it at 08:00:00 UTC: STALLED")
