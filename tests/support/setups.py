"""Set-ups for ``spark-guard doctor``: each broken in one place, and really."""

from __future__ import annotations

import base64
import hashlib
import os

from airflow_spark_guard.cli.checks.setup import Setup

PATH = "/usr/bin:/bin"


def java_home(folder, version="17.0.9"):
    """A Java that reports this version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    return folder


def spark_home(folder, version="4.2.0"):
    """A Spark by its jar and its program, which nothing starts here."""
    (folder / "jars").mkdir(parents=True)
    (folder / "jars" / f"spark-core_2.13-{version}.jar").touch()
    program = folder / "bin" / "spark-submit"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(0o755)
    return folder


def installed(folder, files=(), **versions):
    """Metadata of distributions in a folder; pyspark has these files, as they are there."""
    for name, version in versions.items():
        info = folder / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
        )
        rows = [recorded(folder, file) for file in files] if name == "pyspark" else []
        (info / "RECORD").write_text("".join(f"{row}\n" for row in rows))
    return [str(folder)]


def recorded(folder, file):
    """A row of RECORD for a file as it is now."""
    content = (folder / file).read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{file},sha256={digest},{len(content)}"


def setup(folder, env=(), **given):
    """A set-up whose Java works; without Airflow unless it names a connection."""
    home = folder / "java"
    java = home if home.exists() else java_home(home)
    return Setup(env={"PATH": PATH, "JAVA_HOME": str(java), "HOME": str(folder), **dict(env)}, **given)


def is_root():
    return os.geteuid() == 0
