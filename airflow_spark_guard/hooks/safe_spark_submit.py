"""``SafeSparkSubmitHook``: one guarded attempt of spark-submit, from its plan to its result."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.log import mask_secret

from airflow_spark_guard.core.application import check_application
from airflow_spark_guard.core.effective_conf import EffectiveConf, Layer, check_user_conf
from airflow_spark_guard.core.ending import Cause, Ending, failure
from airflow_spark_guard.core.errors import ConfError, KilledError
from airflow_spark_guard.core.limits import GuardLimits, checked_limits
from airflow_spark_guard.core.masking import is_secret_key, mask, mask_text
from airflow_spark_guard.core.output import JobOutput
from airflow_spark_guard.core.profile import SparkProfile
from airflow_spark_guard.core.progress import progress_text
from airflow_spark_guard.core.properties import parse, render
from airflow_spark_guard.core.quantity import readable_duration, seconds, size_in_bytes
from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook, supervisor_pid
from airflow_spark_guard.process import leftovers, toolchain
from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.core.protocol import Message

_DRIVER_PYTHON = "spark.pyspark.driver.python"
_PYTHON = "spark.pyspark.python"
_PY_FILES = "spark.submit.pyFiles"
_PROGRESS_EVERY = 10.0


@dataclass(frozen=True)
class Plan:
    """What is about to be submitted."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    speaks: bool


class SafeSparkSubmitHook(UpstreamSubmitHook):
    """The provider's ``SparkSubmitHook`` under guard. Every argument of it is accepted, with its meaning.

    Args:
        profile: anti-hanging configuration: a :class:`SparkProfile` or the name of one.
        limits: how long and how much an attempt may take.
        tag: marks the attempt's processes; a leftover of an earlier attempt of the same task is ended.
        execution_timeout: seconds that Airflow gives the task, if it limits it.
        **kwargs: what the provider's hook takes.

    Raises:
        ConnectionMissingError: there is no connection ``conn_id``.
    """

    def __init__(
        self,
        *,
        profile: SparkProfile | str | None = None,
        limits: GuardLimits | None = None,
        tag: leftovers.Tag | None = None,
        execution_timeout: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.profile = SparkProfile.of(profile)
        self.limits = checked_limits(limits)
        self.tag = tag or leftovers.Tag("none", leftovers.new_attempt())
        self.execution_timeout = execution_timeout
        self.result: Any = None
        self._attempt: Attempt | None = None
        self._killed = False
        self._progress_at = 0.0

    @property
    def deadline(self) -> float | None:
        """Seconds that the guard itself allows."""
        return self.limits.deadline_seconds(self.execution_timeout)

    @property
    def backstop(self) -> float:
        """Seconds after which nobody gives the attempt more time."""
        return min(limit for limit in (self.deadline, self.execution_timeout) if limit is not None)

    def submit(self, application: str = "", **kwargs: Any) -> Any:
        """Submit and wait; in client mode the result that the job has reported, None if it reports none.

        Raises:
            BadInputError: something is wrong that can be told before anything starts.
            AttemptError: the attempt is not a success; it says what happened, where, and what to do.
        """
        if self.deploy_mode == "cluster":
            return self._submit_to_cluster(application, **kwargs)
        check_application(application, self.java_class, Path.exists)
        self._end_leftovers()
        workspace = Workspace()
        try:
            self.result = self._run(self._plan(application, workspace), workspace)
        finally:
            workspace.remove()
            self.run_post_submit_commands()
        return self.result

    def on_kill(self) -> None:
        """End the attempt. Called in a signal handler: the reaper does the work and outlives this process."""
        self._killed = True
        if self._attempt is not None:
            self._attempt.request_kill()
        elif self.deploy_mode == "cluster":
            super().on_kill()

    def _submit_to_cluster(self, application: str, **kwargs: Any) -> Any:
        self.log.warning(
            "deploy_mode=cluster: the profile's configuration is applied, but the driver runs elsewhere; "
            "its deadline, its kill and its outcome are upstream's."
        )
        conf = self._effective_conf(None, {}, {})
        self._log_conf(conf)
        self.replace_conf(conf.plain())
        return super().submit(application, **kwargs)

    def _plan(self, application: str, workspace: Workspace) -> Plan:
        env = toolchain.inherited_environment(self.user_environment)
        spark = toolchain.find_spark_submit(self.named_binary, env)
        if spark.home is not None:
            env["SPARK_HOME"] = str(spark.home)
        java_home = toolchain.java_home(env, spark.version, workspace.folder)
        if java_home:
            env["JAVA_HOME"] = java_home
        options, options_conf = self.submit_options()
        conf = self._effective_conf(spark, env, options_conf)
        self._log_conf(conf)
        values = conf.plain()
        speaks = self.java_class is None and application.endswith(".py")
        if speaks:
            self._add_launcher(values, env, workspace, options, bundled=spark.bundled)
        workspace.write_properties(render(values))
        command = (
            spark.path,
            *options,
            "--properties-file",
            str(workspace.properties),
            application,
            *self.arguments,
        )
        self.log.info(
            "Guarded: deadline %s, profile %s, Spark %s. Command: %s",
            readable_duration(self.backstop),
            self.profile.name,
            ".".join(map(str, spark.version or ("of unknown version",))),
            mask_text(" ".join(command)),
        )
        return Plan(command, env, speaks)

    def _effective_conf(
        self, spark: toolchain.SparkSubmit | None, env: Mapping[str, str], options_conf: Mapping[str, str]
    ) -> EffectiveConf:
        """Profile <- properties file <- connection <- ``conf=`` and what other arguments stand for."""
        file = self.user_properties_file or (toolchain.spark_defaults(spark.home, env) if spark else None)
        in_file = parse(Path(file).read_text(encoding="utf-8")) if file else {}
        extra = self.get_connection(self._conn_id).extra_dejson.get("conf") or {}
        if not isinstance(extra, dict):
            raise ConfError(
                f"The extra 'conf' of connection {self._conn_id!r} is no configuration.",
                got=type(extra).__name__,
                expected='a mapping: {"conf": {"spark.eventLog.enabled": "true"}}',
                advice="Mend the connection.",
            )
        return self.profile.effective(
            Layer(str(file), in_file),
            Layer(f"connection {self._conn_id}", check_user_conf(extra, f"connection {self._conn_id}")),
            Layer("conf", check_user_conf(self.user_conf)),
            Layer("operator", options_conf),
            spark_version=spark.version if spark else None,
            deadline=self.backstop,
        )

    def _log_conf(self, conf: EffectiveConf) -> None:
        """Once per attempt, folded in the UI; secrets masked here and in whatever is logged later."""
        for key, found in conf.values.items():
            if is_secret_key(key) and found.value:
                mask_secret(found.value)
        for note in conf.notes:
            self.log.warning("%s", note)
        rows = [
            f"{key}={mask(key, found.value)}  [{found.origin}]" for key, found in sorted(conf.values.items())
        ]
        self._log_lines([f"::group::Spark configuration ({len(rows)} values)", *rows, "::endgroup::"])

    def _add_launcher(
        self,
        values: dict[str, str],
        env: dict[str, str],
        workspace: Workspace,
        options: list[str],
        *,
        bundled: bool,
    ) -> None:
        """Let Spark start our launcher as the driver's Python, and ship the job's side with the job."""
        named = values.get(_DRIVER_PYTHON) or values.get(_PYTHON)
        if bundled and not (named or env.get("PYSPARK_PYTHON") or env.get("PYSPARK_DRIVER_PYTHON")):
            # The Spark beside us belongs to the Python beside us; "python3" of the PATH may be another.
            env["PYSPARK_PYTHON"] = toolchain.own_python()
        workspace.write_launcher(named)
        values[_DRIVER_PYTHON] = str(workspace.driver_python)
        if "--py-files" in options:
            place = options.index("--py-files") + 1
            options[place] = f"{options[place]},{workspace.job_zip}"
        else:
            # As configuration, since the option would replace what the user's configuration names.
            files = [values[_PY_FILES]] if values.get(_PY_FILES) else []
            values[_PY_FILES] = ",".join([*files, str(workspace.job_zip)])
        env.update(workspace.environment(size_in_bytes(self.limits.result_size)))

    def _run(self, plan: Plan, workspace: Workspace) -> Any:
        if self._killed:
            raise KilledError("The task was ended before its job was submitted.")
        supervisor = supervisor_pid()
        launch = Launch(
            command=plan.command,
            env=plan.env,
            workdir=workspace.folder,
            tag=self.tag,
            deadline=self.deadline,
            backstop=self.backstop,
            exit_timeout=seconds(self.limits.exit_timeout),
            grace=seconds(self.limits.kill_grace),
            guardians=[supervisor] if supervisor else [],
        )
        output = JobOutput(int(self.limits.log_lines))
        with contextlib.closing(ChannelReader(workspace.channel)) as channel, Attempt(launch) as attempt:
            self._attempt = attempt
            ending = attempt.watch(channel, output, self._log_lines, self._on_message, speaks=plan.speaks)
        self._log_ending(ending)
        error = failure(ending)
        if error is not None:
            raise error
        return ending.heard.result

    def _log_lines(self, lines: list[str]) -> None:
        for line in lines:
            self.log.info("%s", line)

    def _on_message(self, message: Message) -> None:
        fields = message.fields
        if message.kind == "hello" and "application_id" in fields:
            self.log.info(
                "Spark application %s, UI at %s", fields["application_id"], fields.get("ui_url") or "none"
            )
        elif message.kind == "metric":
            self.log.info(
                "%s", mask_text(", ".join(f"{name}={value}" for name, value in fields["values"].items()))
            )
        elif message.kind == "warning":
            self.log.warning("%s", mask_text(fields["text"]))
        elif message.kind == "progress" and time.monotonic() - self._progress_at >= _PROGRESS_EVERY:
            text = progress_text(fields["stages"])
            if text:
                self._progress_at = time.monotonic()
                self.log.info("%s", text)

    def _log_ending(self, ending: Ending) -> None:
        if ending.cause is Cause.NOT_EXITING:
            self.log.warning(
                "The script ended %s ago and its process did not; it was ended.",
                readable_duration(ending.limit),
            )
        self.log.info(
            "Over after %s: %s, exit code %s, %s.",
            readable_duration(ending.seconds),
            ending.cause,
            "none" if ending.exit_status is None else ending.exit_status,
            f"left: {', '.join(ending.orphans)}" if ending.orphans else "no process left",
        )

    def _end_leftovers(self) -> None:
        """A process of an earlier attempt would run beside this one: end it first."""
        found, left = leftovers.end(self.tag, of_this_attempt=False)
        if found:
            self.log.warning("Ended what an earlier attempt had left behind: %s", ", ".join(found))
        if left:
            raise KilledError(
                "An earlier attempt of this task still runs on this host and cannot be ended.",
                advice="End it by hand, then clear the task: two attempts would write over each other.",
                orphans=tuple(left),
            )
