"""``SafeSparkSubmitHook``: one guarded attempt of spark-submit, from its plan to its result."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.log import mask_secret

from airflow_spark_guard.core.application import check_application
from airflow_spark_guard.core.ending import Cause, Ending, failure
from airflow_spark_guard.core.errors import KilledError
from airflow_spark_guard.core.limits import GuardLimits, checked_limits
from airflow_spark_guard.core.masking import is_secret_key, mask, mask_text
from airflow_spark_guard.core.output import JobOutput, safe_text
from airflow_spark_guard.core.profile import SparkProfile
from airflow_spark_guard.core.progress import progress_text
from airflow_spark_guard.core.quantity import readable_duration, seconds, size_in_bytes
from airflow_spark_guard.hooks.upstream import UpstreamSubmitHook, supervisor_pid
from airflow_spark_guard.process import leftovers
from airflow_spark_guard.process.attempt import Attempt, Launch
from airflow_spark_guard.process.channel import ChannelReader
from airflow_spark_guard.process.submission import Request, Submission, prepare
from airflow_spark_guard.process.workspace import Workspace

if TYPE_CHECKING:
    from airflow_spark_guard.core.effective_conf import EffectiveConf
    from airflow_spark_guard.core.protocol import Message

_PROGRESS_EVERY = 10.0
# Shorter values, and truth values, are part of too many innocent words to be blotted out everywhere.
_SHORTEST_SECRET = 6


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
        self.tag = tag or leftovers.Tag(leftovers.new_attempt(), leftovers.new_attempt())
        self.execution_timeout = execution_timeout
        self.result: Any = None
        self._attempt: Attempt | None = None
        self._killed = False
        self._runs_elsewhere = False
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
        self._end_leftovers()
        workspace = Workspace(self.tag.task)
        try:
            submission = prepare(self._request(), workspace)
            self._log_conf(submission.conf)
            if submission.deploy_mode == "cluster":
                return self._submit_to_cluster(submission, workspace, application, kwargs)
            self.result = self._run(submission, workspace, application)
        finally:
            workspace.remove()
            if not self._runs_elsewhere:
                self.run_post_submit_commands()
        return self.result

    def on_kill(self) -> None:
        """End the attempt. Called in a signal handler: the reaper does the work and outlives this process."""
        self._killed = True
        if self._attempt is not None:
            self._attempt.request_kill()
        elif self._runs_elsewhere:
            super().on_kill()

    def _request(self) -> Request:
        options, options_conf = self.submit_options()
        return Request(
            master=self.master,
            profile=self.profile,
            options=options,
            options_conf=options_conf,
            conf=self.user_conf,
            connection=self._conn_id,
            connection_conf=self.connection_conf,
            properties_file=self.user_properties_file,
            environment=self.user_environment,
            binary=self.named_binary,
            deploy_mode=self.named_deploy_mode,
            deadline=self.backstop,
        )

    def _submit_to_cluster(
        self, submission: Submission, workspace: Workspace, application: str, kwargs: dict[str, Any]
    ) -> Any:
        self._runs_elsewhere = True
        self.log.warning(
            "deploy_mode=cluster: the profile's configuration is applied, but the driver runs elsewhere; "
            "its deadline, its kill and its outcome are upstream's."
        )
        binary, *options = submission.command(workspace, [])
        self.fix_command(binary, options, submission.env)
        return super().submit(application, **kwargs)

    def _log_conf(self, conf: EffectiveConf) -> None:
        """Once per attempt, folded in the UI; secrets masked here and in whatever is logged later."""
        for key, found in conf.values.items():
            if is_secret_key(key) and len(found.value) >= _SHORTEST_SECRET:
                mask_secret(found.value)
        for note in conf.notes:
            self.log.warning("%s", note)
        rows = [
            f"{key}={mask(key, found.value)}  [{found.origin}]" for key, found in sorted(conf.values.items())
        ]
        self._log_lines([f"::group::Spark configuration ({len(rows)} values)", *rows, "::endgroup::"])

    def _run(self, submission: Submission, workspace: Workspace, application: str) -> Any:
        check_application(application, self.java_class, Path.exists)
        if self._killed:
            raise KilledError("The task was ended before its job was submitted.")
        speaks = self.java_class is None and application.endswith(".py")
        words = [application, *self.arguments]
        if speaks:
            result_size = size_in_bytes(self.limits.result_size)
            command, env = submission.guarded_command(workspace, words, result_size)
        else:
            command, env = submission.command(workspace, words), submission.env
        self.log.info(
            "Guarded: deadline %s, profile %s, Spark %s. Command: %s",
            readable_duration(self.backstop),
            self.profile.name,
            ".".join(map(str, submission.spark.version or ("of unknown version",))),
            mask_text(" ".join(command)),
        )
        ending = self._watch(self._launch(command, env, workspace), workspace, speaks=speaks)
        self._log_ending(ending)
        error = failure(ending)
        if error is not None:
            raise error
        return ending.heard.result

    def _launch(self, command: list[str], env: dict[str, str], workspace: Workspace) -> Launch:
        supervisor = supervisor_pid()
        return Launch(
            command=command,
            env=env,
            workdir=workspace.folder,
            secrets=workspace.properties,
            tag=self.tag,
            deadline=self.deadline,
            backstop=self.backstop,
            exit_timeout=seconds(self.limits.exit_timeout),
            grace=seconds(self.limits.kill_grace),
            guardians=[supervisor] if supervisor else [],
        )

    def _watch(self, launch: Launch, workspace: Workspace, *, speaks: bool) -> Ending:
        output = JobOutput(int(self.limits.log_lines))
        with contextlib.closing(ChannelReader(workspace.channel)) as channel, Attempt(launch) as attempt:
            self._attempt = attempt
            if self._killed:  # between the last look and now
                attempt.request_kill()
            return attempt.watch(channel, output, self._log_lines, self._on_message, speaks=speaks)

    def _log_lines(self, lines: list[str]) -> None:
        for line in lines:
            self.log.info("%s", line)

    def _on_message(self, message: Message) -> None:
        fields = message.fields
        if message.kind == "hello" and "application_id" in fields:
            ui = fields.get("ui_url") or "none"
            self.log.info("%s", safe_text(f"Spark application {fields['application_id']}, UI at {ui}"))
        elif message.kind == "metric":
            text = ", ".join(f"{name}={value}" for name, value in fields["values"].items())
            self.log.info("%s", safe_text(text))
        elif message.kind == "warning":
            self.log.warning("%s", safe_text(fields["text"]))
        elif message.kind == "progress" and time.monotonic() - self._progress_at >= _PROGRESS_EVERY:
            text = progress_text(fields["stages"])
            if text:
                self._progress_at = time.monotonic()
                self.log.info("%s", safe_text(text))

    def _log_ending(self, ending: Ending) -> None:
        if ending.cause is Cause.NOT_EXITING:
            self.log.warning(
                "The script ended %s ago and its process did not; it was ended.",
                readable_duration(ending.limit),
            )
        if ending.orphans:
            self.log.warning("Could not be proven gone: %s", ", ".join(ending.orphans))
        self.log.info(
            "Over after %s: %s, exit code %s, %s.",
            readable_duration(ending.seconds),
            ending.cause,
            "none" if ending.exit_status is None else ending.exit_status,
            f"{len(ending.orphans)} possible orphans" if ending.orphans else "no process left",
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
