"""Diagnostics as sections with the user's lines marked."""

from airflow_spark_guard.report.stacks import stacks_of, traceback_of

TEXT = """\
Python worker 7 of executor 1 is at /a/job.py:43, wait

== Python stack of the driver's Python
thread:
  /usr/lib/selectors.py:415, select

== Python stack of Python worker 7
main thread:
  /a/job.py:43, wait
  /a/job.py:9, run
"""


def test_each_heading_begins_a_section():
    assert [section.title for section in stacks_of(TEXT, "")] == [
        "Summary",
        "Python stack of the driver's Python",
        "Python stack of Python worker 7",
    ]


def test_the_line_of_the_verdict_is_marked_and_its_section_unfolded():
    summary, driver, worker = stacks_of(TEXT, "/a/job.py:43, wait")
    assert [line.text for line in worker.lines if line.marked] == ["  /a/job.py:43, wait"]
    assert (summary.open, driver.open, worker.open) == (True, False, True)


def test_without_a_line_nothing_is_marked():
    assert not any(line.marked for section in stacks_of(TEXT, "") for line in section.lines)


def test_nothing_gives_no_section():
    assert stacks_of("", "x") == stacks_of("\n \n", "x") == ()


def test_long_parts_and_many_parts_are_cut_and_said():
    (only,) = stacks_of("\n".join(["x"] * 1000), "")
    assert len(only.lines) == 401
    assert only.lines[-1].text == "... 600 more lines in autopsy.txt"
    many = stacks_of("".join(f"== part {number}\nx\n" for number in range(50)), "")
    assert (len(many), many[-1].title) == (31, "20 further parts stand in autopsy.txt")


def test_control_characters_do_not_reach_the_page():
    (only,) = stacks_of("a\x1b[2Jb", "")
    assert "\x1b" not in only.lines[0].text


TRACEBACK = """Traceback (most recent call last):
  File "/jobs/job.py", line 9, in <module>
    run()
  File "/jobs/job.py", line 5, in run
    spark.range(9).toPandas()
py4j.protocol.Py4JJavaError: An error occurred while calling o1.collect
: org.apache.spark.SparkException: Job aborted
\tat org.apache.spark.A$.b(A.scala:1)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: a.B: boom
\tat a.C.d(C.java:1)
\t... 3 more
"""


def test_a_traceback_has_the_users_line_marked_and_no_frames_of_the_jvm():
    section = traceback_of(TRACEBACK, "/jobs/job.py:5, run")
    assert [line.text for line in section.lines if line.marked] == ['  File "/jobs/job.py", line 5, in run']
    assert [line.text for line in section.lines][-4:] == [
        ": org.apache.spark.SparkException: Job aborted",
        "    ... 2 frames of the JVM",
        "Caused by: a.B: boom",
        "    ... 2 frames of the JVM",
    ]


def test_without_an_exception_there_is_no_traceback():
    assert traceback_of("\n", "") is None
    assert not any(line.marked for line in traceback_of(TRACEBACK, "").lines)
