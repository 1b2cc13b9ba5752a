"""Values that are known are masked wherever they stand, in whatever form."""

from __future__ import annotations

import base64
import html
import json
import shlex
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_spark_guard.core.text.known_secrets import KnownSecrets
from airflow_spark_guard.core.text.secret_forms import forms_of, is_worth_masking

HARD = "p@ss w/\"ö'\\=rd&<1>"


@pytest.fixture
def known():
    return KnownSecrets()


@pytest.mark.parametrize(
    "write",
    [
        *(str, repr, json.dumps, quote, quote_plus, html.escape, shlex.quote),
        lambda value: quote(value, safe=""),
        lambda value: quote(value, safe="").lower(),
        lambda value: json.dumps(value, ensure_ascii=False),
        lambda value: json.dumps(json.dumps({"x": value})),
        lambda value: json.dumps(value).replace("/", "\\/"),
        lambda value: repr(value.encode()),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    ],
)
@pytest.mark.parametrize("value", [HARD, "hunter2"])
def test_every_usual_form_is_masked(known, write, value):
    """As a job, a server or a library may print it."""
    known.learn([value])
    text = f"before {write(value)} after"
    masked = known.mask(text)
    assert masked != text
    assert "rd" not in masked.replace("******", "")
    assert "hunter2" not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert known.mask_raw(text.encode()).decode() == masked


@given(st.text(min_size=5), st.text(), st.text())
def test_no_value_that_is_worth_it_survives(value, before, after):
    """Neither in text nor in bytes, however it is embedded."""
    known = KnownSecrets()
    known.learn([value])
    if is_worth_masking(value.strip()) and "\n" not in repr(value) and len(value.splitlines()) == 1:
        assert value.strip() not in known.mask(f"{before}{value}{after}").replace("******", "")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "abcd",
            "true",
            "False",
            "None",
            "spark",
            "Airflow",
            "password",
            "3600",
            "86400",
            "10min",
            "128m",
        ),
        *("org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider", "******", "-----", "120000ms"),
    ],
)
def test_short_and_ordinary_values_garble_no_log(known, value):
    """They stand in too many lines, and are secret to nobody."""
    assert not is_worth_masking(value)
    assert forms_of(value) == set()
    known.learn([value])
    text = f"true False None spark Airflow password 3600 86400 10min 128m {value} abcd"
    assert known.mask(text) == text


def test_a_number_is_masked_as_a_whole(known):
    """Not within a longer one."""
    known.learn(["123456"])
    assert known.mask("pin 123456, id 91234567") == "pin ******, id 91234567"


def test_a_value_of_many_lines_is_known_by_its_lines(known):
    """Printed one by one, with escapes or without."""
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBg", "kqhkiG9w0BAQEF", "-----END PRIVATE KEY-----"]
    known.learn(["\n".join(lines)])
    assert [known.mask(f"INFO {line}") for line in lines] == ["INFO ******"] * 4
    assert "MIIE" not in known.mask(json.dumps("\n".join(lines)))
    other = KnownSecrets()
    other.learn(["\\n".join(lines)])
    assert [other.mask(line) for line in lines] == ["******"] * 4
    assert "kqhk" not in other.mask("\\n".join(lines))


def test_half_of_a_long_value_is_half_of_a_secret(known):
    """It is known by its pieces; the longest form stays short."""
    value = "".join(f"{n:04x}" for n in range(2000))
    known.learn([value])
    assert known.longest < 2000
    assert set(known.mask(value)) == {"*"}
    assert value[600:4000] not in known.mask(value[:4000])
    assert len(known.mask(value[:4000])) < 1000
    huge = "".join(f"{n:05x}" for n in range(100_000))
    assert len(forms_of(huge)) < 200


def test_the_scheme_of_a_header_is_no_secret(known):
    """The token stands alone as well."""
    known.learn(["Bearer tok-en-4711"])
    assert known.mask("sent tok-en-4711") == "sent ******"


def test_what_was_cut_off_is_masked_as_far_as_it_stands_there(known):
    """Four characters of it, or more."""
    known.learn(["hunter2-hunter3"])
    assert known.mask_end(b"line hunter2-hu") == b"line ******"
    assert known.mask_end(b"line hunt") == b"line ******"
    assert known.mask_end(b"line hun") == b"line hun"
    assert KnownSecrets().mask_end(b"line hunt") == b"line hunt"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("line hunter2-hu", "line ******"),
        ("hunter2-h ... (300 characters)", "****** ... (300 characters)"),
        (
            "a hunter2\n... 9 characters left out ...\nunter3 b",
            "a ******\n... 9 characters left out ...\n****** b",
        ),
        ("hunter3 begins, hunt ends it not.", "hunter3 begins, hunt ends it not."),
        ("hunhunhunhunt", "hunhunhun******"),
        ("", ""),
    ],
)
def test_of_a_text_that_was_cut_off_half_a_value_is_masked(known, text, shown):
    """At its end, and on both sides of what the job has left out."""
    assert known.mask_cut(text) == text
    known.learn(["hunter2-hunter3"])
    assert known.mask_cut(text) == shown


def test_values_are_forgotten_when_nobody_is_at_work(known):
    """A process may run many tasks; a task within another ends nothing."""
    with known.at_work():
        with known.at_work():
            known.learn(["hunter2"])
        assert known.mask("hunter2") == "******"
    assert known.mask("hunter2") == "hunter2"
    assert known.longest == 0


def test_it_is_forgotten_after_an_error_too(known):
    """An attempt that fails is over."""

    @known.at_work()
    def work():
        known.learn(["hunter2"])
        raise ValueError(known.mask("x hunter2"))

    with pytest.raises(ValueError, match=r"^x \*{6}$"):
        work()
    assert known.mask_raw(b"hunter2") == b"hunter2"


def test_every_thread_knows_them(known):
    """The record is written by one of its own."""
    seen = []
    with known.at_work():
        known.learn(["hunter2"])
        thread = threading.Thread(target=lambda: seen.append(known.mask("hunter2")))
        thread.start()
        thread.join()
    assert seen == ["******"]
