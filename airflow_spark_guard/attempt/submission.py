"""What will be submitted: with which Spark, environment and configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.user_conf import UserConf
from airflow_spark_guard.core.application_name import NAME_OPTION, named
from airflow_spark_guard.core.conf.carried import apart, check_carried
from airflow_spark_guard.core.conf.properties import render
from airflow_spark_guard.core.connection import ConnectionAddress, check_master
from airflow_spark_guard.core.deploy_mode import KEY, VARIABLE, DeployMode, decide
from airflow_spark_guard.core.verbosity import environment_of
from airflow_spark_guard.process import toolchain
from airflow_spark_guard.process.leftovers import TAG_ENV

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spark_guard.core.conf.effective_conf import EffectiveConf, Layer
    from airflow_spark_guard.core.conf.profile import SparkProfile
    from airflow_spark_guard.process.workspace import Workspace

_DRIVER_PYTHON = "spark.pyspark.driver.python"
_PYTHON = "spark.pyspark.python"
_PY_FILES = "spark.submit.pyFiles"
_FILES = "spark.files"
_IN_THE_IMAGE = "local://"
_EXECUTOR_TAG = f"spark.executorEnv.{TAG_ENV}"


@dataclass(frozen=True)
class SubmitRequest:
    """What operator and connection ask for.

    Attributes:
        master: Spark's master URL.
        profile: the defaults below the user's own configuration.
        options: spark-submit's options, without the configuration.
        user_conf: the user's own configuration.
        environment: ``env_vars=``.
        binary: spark-submit as the operator or the connection names it.
        deploy_mode: what sets it, operator or connection, and the mode; None if neither does.
        deadline: seconds that an attempt may take; ignored if upstream tracks the application.
        stall: ``stall_timeout`` in seconds; None for the default.
        address: where the master is set, for messages.
        application_name: for an application that its user does not name; empty for Spark's choice.
        keytab: from the connection, written to the path that the options name; None without one.
        tag: marks the attempt's processes; executors of a cluster inherit no environment.
        python: whether the application is a Python script.
        verbosity: of the job's instruments; None leaves it to the environment.
    """

    master: str
    profile: SparkProfile
    options: Sequence[str] = ()
    user_conf: UserConf = field(default_factory=UserConf)
    environment: Mapping[str, str] = field(default_factory=dict)
    binary: str | None = None
    deploy_mode: tuple[str, object] = ("deploy_mode", None)
    deadline: float | None = None
    stall: float | None = None
    address: ConnectionAddress = field(default_factory=ConnectionAddress)
    application_name: str = ""
    keytab: bytes | None = field(default=None, repr=False)
    tag: str = ""
    python: bool = True
    verbosity: int | None = None


@dataclass(frozen=True)
class Submission:
    """A request with what it left open: Spark, environment, effective configuration.

    Attributes:
        request: the request.
        spark: the spark-submit to run.
        env: the whole environment of the job.
        conf: the effective configuration, with the origin of each value.
        deploy_mode: where the driver runs.
    """

    request: SubmitRequest
    spark: toolchain.SparkSubmit
    env: dict[str, str]
    conf: EffectiveConf
    deploy_mode: DeployMode

    def command(self, workspace: Workspace, application: Sequence[str]) -> list[str]:
        """The command line; the configuration goes into the private properties file as far as possible.

        Args:
            workspace: for the file.
            application: the application and its arguments.
        """
        return [
            self.spark.path,
            *self._hand_over(workspace, self._values(), self._options(workspace)),
            *application,
        ]

    def guarded_command(
        self, workspace: Workspace, application: Sequence[str], result_size: int
    ) -> tuple[list[str], dict[str, str]]:
        """The command line with our launcher as the driver's Python, and the environment that it needs."""
        values, env = self._values(), dict(self.env)
        named = values.get(_DRIVER_PYTHON) or values.get(_PYTHON)
        if not named and self.spark.bundled and not _names_python(env):
            # PySpark of this environment goes with its Python; "python3" in the PATH may be another one. But
            # executors on other hosts have their own Python.
            everywhere = self.request.master.startswith("local")
            env["PYSPARK_PYTHON" if everywhere else "PYSPARK_DRIVER_PYTHON"] = toolchain.own_python()
        workspace.write_launcher(named)
        values[_DRIVER_PYTHON] = str(workspace.driver_python)
        options = self._options(workspace)
        _add_file(options, values, ("--py-files", _PY_FILES), str(workspace.job_zip))
        options = self._hand_over(workspace, values, options)
        return [self.spark.path, *options, *application], {**env, **workspace.environment(result_size)}

    def cluster_command(
        self,
        workspace: Workspace,
        application: Sequence[str],
        added: Mapping[str, str],
        *,
        launched: bool,
    ) -> list[str]:
        """The command line for a driver that runs elsewhere.

        Args:
            workspace: for files that the command names.
            application: the application and its arguments.
            added: configuration that overrides all other.
            launched: whether our launcher runs the script.
        """
        # Without the tag for processes: the manager ends the executors, on whatever host they run.
        values, options, words = {**self.conf.plain(), **added}, self._options(workspace), list(application)
        if launched:
            workspace.write_cluster_main()
            _add_file(options, values, ("--py-files", _PY_FILES), str(workspace.job_zip))
            if not words[0].startswith(_IN_THE_IMAGE):
                _add_file(options, values, ("--files", _FILES), words[0])
                words[0] = words[0].rpartition("/")[2]
            words = [str(workspace.cluster_main), *words]
        return [self.spark.path, *self._hand_over(workspace, values, options), *words]

    @property
    def application_name(self) -> str:
        """The application's name unless the script sets another one; may be empty."""
        return named(self.request.options, self.conf.plain()) or self.request.application_name

    def _hand_over(self, workspace: Workspace, values: Mapping[str, str], options: list[str]) -> list[str]:
        """Write the secret files; returns the options, with the values that a file would not preserve.

        Call it as late as possible: the reaper removes the files, but only from the launch on.
        """
        in_file, others = apart(values)
        workspace.write_properties(render(in_file))
        if self.request.keytab is not None:
            workspace.write_keytab(self.request.keytab)
        return [*options, *others]

    def _values(self) -> dict[str, str]:
        tag = {_EXECUTOR_TAG: self.request.tag} if self.request.tag else {}
        return {**self.conf.plain(), **tag}

    def _options(self, workspace: Workspace) -> list[str]:
        options = list(self.request.options)
        if self.application_name and not named(options, self.conf.plain()):
            options[2:2] = [NAME_OPTION, self.application_name]  # behind --master and its value
        return [*options, "--properties-file", str(workspace.properties)]


def prepare(request: SubmitRequest, workspace: Workspace) -> Submission:
    """Find Spark and Java, and merge profile <- properties file <- connection <- ``conf=``, arguments.

    ``core/deploy_mode.py`` decides the deploy mode.

    Raises:
        SparkSubmitMissingError: no spark-submit.
        JavaError: no Java that this Spark can use.
        ConfError: a value of the wrong type or unit, one that cannot be passed to Spark unchanged, or a
            properties file that cannot be read.
    """
    env = {**os.environ, **request.environment, **environment_of(request.verbosity)}
    spark = toolchain.find_spark_submit(request.binary, env)
    if spark.home is not None:
        env["SPARK_HOME"] = str(spark.home)
    java_home = toolchain.java_home(env, spark, workspace.folder)
    if java_home:
        env["JAVA_HOME"] = java_home
    layers = request.user_conf.layers(toolchain.spark_defaults(spark.home, env))
    mode = _mode(request, layers, env)
    deadline = request.deadline if mode.is_guarded else None
    conf = request.profile.effective(
        *layers, spark_version=spark.version, deadline=deadline, python=request.python, stall=request.stall
    )
    check_carried(conf.values)
    notes = (*conf.notes, *mode.notes(conf.values))
    return Submission(request, spark, env, replace(conf, notes=notes), mode)


def deploy_mode(request: SubmitRequest) -> DeployMode:
    """Where the driver will run, by all that can set it: operator, connection, files, environment.

    Raises:
        ConnectionMissingError: a master that Spark cannot parse.
        SparkSubmitMissingError: no spark-submit.
        ConfError: a mode that Spark does not know, or configuration that cannot be read.
    """
    env = {**os.environ, **request.environment}
    spark = toolchain.find_spark_submit(request.binary, env)
    check_master(request.master, request.address, spark.version)
    return _mode(request, request.user_conf.layers(toolchain.spark_defaults(spark.home, env)), env)


def _mode(request: SubmitRequest, layers: Sequence[Layer], env: Mapping[str, str]) -> DeployMode:
    named = [(layer.origin, layer.conf[KEY]) for layer in layers if KEY in layer.conf]
    return decide(request.master, request.deploy_mode, named, env.get(VARIABLE))


def _add_file(options: list[str], values: dict[str, str], names: tuple[str, str], file: str) -> None:
    """Add a file to those of the user's option or configuration."""
    option, key = names
    if option in options:
        value = options.index(option) + 1
        options[value] = f"{options[value]},{file}"
    else:
        # As configuration, because the option would replace the files in the user's configuration.
        values[key] = ",".join([*([values[key]] if values.get(key) else []), file])


def _names_python(env: Mapping[str, str]) -> bool:
    return bool(env.get("PYSPARK_PYTHON") or env.get("PYSPARK_DRIVER_PYTHON"))
