"""The arguments that hold more than one value: taken, or refused with their place."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import pathlib
import uuid

import numpy as np
import pandas as pd
import pytest

from airflow_spark_guard.core.arguments import checked_arguments
from airflow_spark_guard.core.errors import BadInputError


class Table(enum.StrEnum):
    DAYS = "days"


class Colour(enum.Enum):
    RED = 1


class Lazy(list):
    """As Airflow's own sequence of a mapped task's results."""


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["--day", "2026-01-01"], ["--day", "2026-01-01"]),
        (("a", 1, 1.5, True), ["a", "1", "1.5", "True"]),
        (Lazy(["a"]), ["a"]),
        ([dt.date(2026, 1, 1), pathlib.PurePosixPath("/x"), ""], ["2026-01-01", "/x", ""]),
        ([Table.DAYS, Colour.RED, np.int64(3), decimal.Decimal("1.50")], ["days", "1", "3", "1.50"]),
        ([uuid.UUID(int=0)], ["00000000-0000-0000-0000-000000000000"]),
        (None, None),
        ([], []),
        ("", ""),
    ],
    ids=repr,
)
def test_arguments_are_words(given, taken):
    """Numbers and truth values as Python writes them; nothing given stays nothing."""
    assert checked_arguments({"application_args": given}) == {"application_args": taken}


@pytest.mark.parametrize(
    ("value", "what", "got"),
    [
        ("--day 2026-01-01", "application_args is not a list.", "str of length 16"),
        (b"--day", "application_args is not a list.", "bytes"),
        ({"a", "b"}, "application_args is not a list.", "set"),
        ({"--day": "x"}, "application_args is not a list.", "dict"),
        ((x for x in "ab"), "application_args is not a list.", "generator"),
        (3, "application_args is not a list.", "int"),
        (["a", None], r"application_args\[1\] is not a single value.", "None"),
        ([["a"]], r"application_args\[0\] is not a single value.", "list"),
        ([{"a": 1}], r"application_args\[0\] is not a single value.", "dict"),
        ([b"a"], r"application_args\[0\] is not a single value.", "bytes"),
        ([object()], r"application_args\[0\] is not a single value.", "object"),
        ([len], r"application_args\[0\] is not a single value.", "builtin_function_or_method"),
        ([np.array([1])], r"application_args\[0\] is not a single value.", "ndarray"),
        (["a\0b"], r"application_args\[0\] has a NUL character.", r"'a\\x00b'"),
        (["\ud800"], r"application_args\[0\] has characters that are not valid text.", r"'\\ud800'"),
        (["x" * (1 << 17)], r"application_args\[0\] is too long for a process.", r"'x+\.\.\. \(131074 .*"),
        (np.array(["--day", "x"]), "application_args is not a list.", "ndarray"),
        (np.array([0]), "application_args is not a list.", "ndarray"),
        (np.array([]), "application_args is not a list.", "ndarray"),
        (pd.Series(["a", "b"]), "application_args is not a list.", "Series"),
        (pd.Series([0]), "application_args is not a list.", "Series"),
        ({}, "application_args is not a list.", "dict"),
        (0, "application_args is not a list.", "int"),
        (False, "application_args is not a list.", "bool"),
        (set(), "application_args is not a list.", "set"),
        (b"", "application_args is not a list.", "bytes"),
        ([np.ma.masked], r"application_args\[0\] is not a single value.", r"-- \(MaskedConstant\)"),
        ([pd.NaT], r"application_args\[0\] is not a single value.", r"NaT \(NaTType\)"),
        ([np.datetime64("NaT")], r"application_args\[0\] is not a single value.", r"NaT \(datetime64\)"),
        ([pd.NA], r"application_args\[0\] is not a single value.", "NAType"),
        ([np.bytes_(b"a")], r"application_args\[0\] is not a single value.", "bytes_"),
        ([10**5000], r"application_args\[0\] is not a single value.", "int"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_list_of_words_is_refused(value, what, got):
    """Above all a text: Python would take it for a list of letters."""
    with pytest.raises(BadInputError, match=f"^{what}\n  got: {got}\n  expected: .+\n  do: .+"):
        checked_arguments({"application_args": value})


@pytest.mark.parametrize("name", ["conf", "env_vars"])
@pytest.mark.parametrize(
    "value",
    [
        "{'a': 1}",
        ["a"],
        [("a", 1)],
        {"a"},
        3,
        [],
        0,
        np.array([1, 2]),
        np.array([0]),
        pd.DataFrame({"a": [1]}),
    ],
    ids=repr,
)
def test_conf_and_environment_are_mappings(name, value):
    """And the text is not shown: it may hold a password."""
    with pytest.raises(
        BadInputError, match=f"^{name} is not a mapping.\n  got: {type(value).__name__}\n  exp"
    ):
        checked_arguments({name: value})


def test_the_environment_is_text():
    """As upstream's str(), but None is not the word."""
    given = {"A": "x", "B": 1, "C": True, "D": ""}
    assert checked_arguments({"env_vars": given, "conf": None}) == {
        "env_vars": {"A": "x", "B": "1", "C": "True", "D": ""},
        "conf": None,
    }
    assert given["B"] == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"A": None}, r"env_vars\['A'\] is not a single value.\n  got: None\n"),
        ({"A": ["x"]}, r"env_vars\['A'\] is not a single value.\n  got: list\n"),
        ({1: "x"}, "env_vars has a name that is not valid for an environment variable.\n  got: 1\n"),
        ({"": "x"}, "env_vars has a name that is not valid for an environment variable.\n  got: ''\n"),
        ({"A=B": "x"}, "env_vars has a name that is not valid for an environment variable.\n  got: 'A=B'\n"),
        ({"DB_PASSWORD": "x\0y"}, r"env_vars\['DB_PASSWORD'\] has a NUL character.\n  got: a secret value\n"),
    ],
)
def test_a_variable_that_cannot_be_set_is_named(value, said):
    """By its name."""
    with pytest.raises(BadInputError, match=f"^{said}"):
        checked_arguments({"env_vars": value})


def test_lists_of_files_and_packages_are_joined_as_spark_wants_them():
    """Upstream takes comma text alone."""
    given = {
        "jars": ["a.jar", pathlib.PurePosixPath("/b.jar")],
        "packages": ("g:a:1", "g:b:2"),
        "py_files": "a.zip,b.zip",
        "driver_class_path": ["/a", "/b"],
        "files": pathlib.PurePosixPath("/f"),
        "archives": None,
    }
    assert checked_arguments(given) == {
        "jars": "a.jar,/b.jar",
        "packages": "g:a:1,g:b:2",
        "py_files": "a.zip,b.zip",
        "driver_class_path": "/a:/b",
        "files": "/f",
        "archives": None,
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jars": ["a", None]}, r"jars\[1\] is not text.\n  got: NoneType"),
        ({"packages": {"a": 1}}, "packages is not a list.\n  got: dict"),
        ({"post_submit_commands": "curl x"}, "post_submit_commands is not a list.\n  got: str of length 6"),
        ({"post_submit_commands": [1]}, r"post_submit_commands\[0\] is not text.\n  got: int"),
        ({"post_submit_commands": {}}, "post_submit_commands is not a list.\n  got: dict"),
        (
            {"post_submit_commands": np.array(["a", "b"])},
            "post_submit_commands is not a list.\n  got: ndarray",
        ),
        ({"jars": np.array(["a", "b"])}, "jars is not a list.\n  got: ndarray"),
        ({"name": 3}, "name is not text.\n  got: int"),
        ({"application": ["a.py"]}, "application is not text.\n  got: list"),
    ],
)
def test_other_arguments_of_another_type_are_named(given, said):
    """A text of commands would be run letter by letter."""
    with pytest.raises(BadInputError, match=f"^{said}"):
        checked_arguments(given)


def test_what_has_no_form_here_is_left_as_it_is():
    """Upstream knows it."""
    given = {"verbose": True, "status_poll_interval": 1, "application": pathlib.PurePosixPath("/a.py")}
    assert checked_arguments(given) == {**given, "application": "/a.py"}


@pytest.mark.parametrize(
    "name", ["name", "java_class", "jars", "py_files", "proxy_user", "properties_file", "spark_binary"]
)
def test_no_option_has_a_nul(name):
    """The bare ValueError of a process that cannot be started names none."""
    with pytest.raises(BadInputError, match=f"^{name} has a NUL character"):
        checked_arguments({name: "a\0b"})
