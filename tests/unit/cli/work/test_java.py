"""The Java that a job gets, started once."""

from __future__ import annotations

import pytest

from airflow_spark_guard.cli.work.java import java_version
from airflow_spark_guard.core.errors import JavaError


def java(folder, script, release=""):
    """A home of Java whose program is this script."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bin" / "java").chmod(0o755)
    if release:
        (folder / "release").write_text(f'JAVA_VERSION="{release}"\n')
    return folder


def test_java_home_comes_first_then_the_path(tmp_path):
    """Each with its path."""
    home = java(tmp_path / "a", "echo 'openjdk version \"21.0.1\"' >&2")
    other = java(tmp_path / "b", "echo 'openjdk version \"17.0.9\"' >&2")
    env = {"PATH": f"{other / 'bin'}:/usr/bin:/bin"}
    assert java_version({**env, "JAVA_HOME": str(home)}) == f'openjdk version "21.0.1", {home}/bin/java'
    assert java_version(env) == f'openjdk version "17.0.9", {other}/bin/java'


def test_one_that_is_too_old_is_an_error(tmp_path):
    """As it would be for the job."""
    home = java(tmp_path / "a", "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(JavaError) as caught:
        java_version({"PATH": "/usr/bin:/bin", "JAVA_HOME": str(home)})
    assert caught.value.got == f"JAVA_HOME={home}, which is Java 11"


def test_one_that_does_not_start_is_an_error(tmp_path):
    """Although its folder names a version."""
    home = java(tmp_path / "a", "echo 'libjvm.so: cannot open shared object file' >&2; exit 1", "17.0.1")
    with pytest.raises(JavaError) as caught:
        java_version({"PATH": "/usr/bin:/bin", "JAVA_HOME": str(home)})
    assert caught.value.what == "Java does not start."
    assert "cannot open shared object file" in caught.value.got


def test_java_is_looked_for_without_a_spark_too(tmp_path):
    """As Spark 4 needs it."""
    home = java(tmp_path / "a", "echo 'openjdk version \"17.0.9\"' >&2")
    env = {"SPARK_HOME": str(tmp_path), "PATH": f"{home / 'bin'}:/usr/bin:/bin"}
    assert java_version(env).startswith('openjdk version "17.0.9"')
