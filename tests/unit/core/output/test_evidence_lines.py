"""What is kept of an output to say what went wrong."""

from __future__ import annotations

from airflow_spark_guard.core.output.evidence_lines import EvidenceLines

PYTHON = b"""\
Traceback (most recent call last):
  File "job.py", line 3, in <module>
    main()
ValueError: bad row 7"""
JVM = b"""\
Exception in thread "main" org.apache.spark.SparkException: Job aborted
\tat a.b(C.java:1)
\tat a.c(C.java:2)
Caused by: java.lang.RuntimeException: boom
\tat d.e(F.java:3)
\t... 12 more"""
WARN = b"26/11/20 20:57:05 WARN ShutdownHookManager: Deleting %d"
INFO = b"26/11/20 20:57:05 INFO ShutdownHookManager: Deleting %d"


def taken(*parts):
    lines = EvidenceLines()
    for part in parts:
        lines.take(part, part.count(b"\n") + 1)
    return lines


def noise(line, number):
    return b"\n".join(line % n for n in range(number))


def test_a_traceback_survives_pages_of_shutdown_noise():
    """It comes first and whole, then the last lines."""
    text = taken(b"start", PYTHON, noise(WARN, 1000), b"bye").text(failed=True)
    assert text.startswith(PYTHON.decode() + "\n")
    assert "... 980 lines ..." in text or "... 981 lines ..." in text
    assert text.endswith("Deleting 999\nbye")
    assert len(text.splitlines()) < 30


def test_the_last_word_of_a_native_library_is_kept():
    """libgomp says in one line why a worker ended; Spark's stack traces after it do not."""
    said = b"libgomp: Thread creation failed: Resource temporarily unavailable"
    text = taken(noise(WARN, 300), said, JVM, noise(WARN, 300)).text(failed=True)
    assert text.count(said.decode()) == 1
    assert text.index("libgomp") < text.index("Job aborted")


def test_both_tracebacks_are_told_in_their_order():
    """Python's, then the JVM's, then nothing of the chatter."""
    text = taken(PYTHON, noise(WARN, 300), JVM, noise(INFO, 1000)).text(failed=True)
    assert text == f"{PYTHON.decode()}\n... 300 lines ...\n{JVM.decode()}"


def test_a_jvm_stack_in_the_log_begins_with_its_log_line():
    """There, no «Exception in thread» stands above it."""
    lines = [
        b"26/11/20 20:57:05 ERROR Executor: Exception in task 0.0",
        b"java.io.IOException: disk",
        b"\tat a.b(C.java:1)",
        b"\tat a.b(C.java:2)",
    ]
    text = taken(noise(WARN, 10), b"\n".join(lines), noise(INFO, 500)).text(failed=True)
    assert text == b"\n".join(lines).decode()
    text = taken(b"printed", b"\n".join(lines[1:]), noise(INFO, 500)).text(failed=True)
    assert text == b"\n".join(lines[1:]).decode()


def test_a_traceback_in_pieces_is_one():
    """Chunks end anywhere; a chained exception and one inside a JVM stack go on."""
    chained = (
        PYTHON
        + b"\n\nDuring handling of the above exception, another exception occurred:\n\n"
        + PYTHON
        + b"\nmore of the message"
    )
    lines = chained.split(b"\n")
    text = taken(*lines, *[INFO % n for n in range(300)]).text(failed=True)
    assert text == chained.decode()


def test_what_follows_a_traceback_is_not_part_of_it():
    """A handled exception, then prints."""
    text = taken(PYTHON, noise(b"print %d", 1000)).text(failed=True).splitlines()
    assert text[: PYTHON.count(b"\n") + 1] == PYTHON.decode().splitlines()
    assert text[4].startswith("... ")
    assert text[5:] == [f"print {n}" for n in range(980, 1000)]


def test_a_quiet_part_ends_the_traceback():
    """Of lines that repeat others, none belongs to it."""
    lines = taken(PYTHON)
    lines.take(noise(WARN, 400), 400, quiet=True)
    lines.take(b"  indented", 1)
    assert lines.text(failed=True).splitlines()[3] == "ValueError: bad row 7"
    assert lines._blocks["Python"].lines()[-1] == (3, b"ValueError: bad row 7")


def test_a_giant_traceback_is_bounded():
    """Beginning and end, and of each JVM stack the first frames."""
    frames = b"\n".join(b"\tat a.b(C.java:%d)" % n for n in range(5000))
    stack = b"\n".join(
        [JVM, *[b"Caused by: java.lang.X: %d\n" % n + frames for n in range(20)], b"Caused by: last"]
    )
    text = taken(stack, noise(WARN, 300)).text(failed=True)
    assert text.startswith('Exception in thread "main"')
    assert "Caused by: last" in text
    assert "Caused by: java.lang.X: 19" in text
    assert len(text.splitlines()) < 160


def test_an_old_traceback_was_handled():
    """The job went on for long."""
    assert "Traceback" not in taken(PYTHON, noise(WARN, 6000)).text(failed=True)
    assert "Traceback" not in taken(PYTHON, noise(WARN, 300)).text(failed=False)


GOING_DOWN = b"""\
26/11/20 20:57:04 INFO SparkContext: Invoking stop() from shutdown hook
26/11/20 20:57:05 ERROR TaskSchedulerImpl: Lost executor 0 on worker-1: worker lost"""
NETTY = b"""\
26/11/20 20:57:05 ERROR TransportResponseHandler: Still have 1 requests outstanding
26/11/20 20:57:05 WARN NettyRpcEnv: Ignored failure
java.nio.channels.ClosedChannelException
\tat io.netty.channel.AbstractChannel.newClosedChannelException(AbstractChannel.java:1)
Caused by: java.io.IOException: Connection reset by peer
\t... 12 more"""


def test_what_a_jvm_prints_while_it_goes_down_is_no_evidence_of_a_job_that_was_ended():
    """With INFO in the log and without; the job's own last lines are."""
    printed = b"part 1 of 3\nwarning: password=abc"
    shown = "part 1 of 3\nwarning: password=******"
    assert taken(printed, GOING_DOWN, b"late").ended() == shown
    assert taken(printed, NETTY).ended() == shown
    assert taken(printed, noise(INFO, 100)).ended() == shown
    left = b"Calling System.exit() with exit code 143 because spark.submit.callSystemExitOnMainExit=true"
    assert taken(printed, left, b"\tat a.B.c(B.java:1)").ended() == shown
    assert taken(noise(b"line %d", 300)).ended().splitlines() == [f"line {row}" for row in range(280, 300)]
    assert taken(b"a\nValueError: handled\n").ended() == "a\nValueError: handled\n"


def test_secrets_are_masked():
    """In a traceback too."""
    text = taken(PYTHON.replace(b"bad row 7", b"password=abc"), noise(WARN, 300)).text(failed=True)
    assert "password=******" in text


def test_a_line_of_a_traceback_is_masked_before_it_is_cut():
    """The password of an address that stands across the cut."""
    for shift in range(0, 40, 3):
        lines = EvidenceLines()
        address = b"x" * (970 + shift) + b" jdbc:x://me:geheim-4711@host/db"
        body = b"Traceback (most recent call last)\nValueError: " + address
        lines.take(body, 2)
        lines.take(b"\n".join([b"later"] * 300), 300)
        assert "gehe" not in lines.text(failed=True), shift
