"""Which of the Spark provider's own tests our classes do not pass, and why: the table of docs/upstream.md.

By test, without its parameters; ``{file: {reason: [tests]}}``.
"""

from __future__ import annotations

REASONS = {
    "launch": "`submit()` starts a guarded attempt: an application must be named, spark-submit must exist, a "
    "manager's address must be known; the command is not upstream's, since configuration travels in a "
    "private file.",
    "tracking": "`yarn_track_via_rm_api` and `track_driver_via_k8s_api` are accepted without effect: a "
    "driver on YARN or Kubernetes is always followed, and ended, over the managers' APIs. So what upstream "
    "checks, adds or remembers for them is not there, and `on_kill` ends what this hook itself has "
    "submitted.",
    "keytab": "The keytab of a connection is written into the attempt's private folder, and not before the "
    "submit; one that cannot be used is a `ConnectionMissingError`.",
    "extras": "An extra that cannot be used, such as a path as `spark-binary`, is a `ConnectionMissingError` "
    "and no `RuntimeError`.",
    "masking": "What is masked is masked with its quotes, and a list of arguments word by word.",
    "refused": "A deploy mode that is neither client nor cluster, and a properties file that cannot be read, "
    "are errors before the launch.",
}
_BY_REASON = {
    "hooks/test_spark_submit.py::TestSparkSubmitHook": {
        "launch": (
            "test_default_keeps_existing_behavior_in_yarn_cluster",
            "test_k8s_process_on_kill",
            "test_spark_process_runcmd",
            "test_submit_failure_includes_captured_log_tail",
            "test_yarn_process_on_kill",
        ),
        "tracking": (
            "test_conf_injection_adds_wait_app_completion",
            "test_on_kill_deletes_pod_when_k8s_api_tracking_and_submit_sp_already_exited",
            "test_on_kill_sends_put_to_rm_when_app_id_known",
            "test_on_kill_tolerates_rm_failure",
            "test_on_kill_uses_kerberos_auth_from_connection",
            "test_should_track_driver_via_k8s_api",
            "test_validate_track_driver_via_k8s_api_raises",
            "test_validate_track_driver_via_k8s_api_raises_on_conflicting_user_conf",
            "test_yarn_status_tracking_checks_spark_submit_exit_code_before_polling",
            "test_yarn_status_tracking_fails_before_submit_when_kerberos_auth_dependency_missing",
            "test_yarn_status_tracking_fails_before_submit_when_rm_url_missing",
            "test_yarn_status_tracking_rejects_conflicting_wait_app_completion_conf",
            "test_yarn_status_tracking_requires_cluster_deploy_mode",
            "test_yarn_status_tracking_requires_yarn_master",
            "test_yarn_submit_captures_app_id_without_submitted_application_log",
            "test_yarn_submit_does_not_poll_rm_api",
        ),
        "extras": (
            "test_resolve_connection_spark_binary_extra_not_allowed_runtime_error",
            "test_resolve_connection_spark_home_not_allowed_runtime_error",
        ),
        "masking": ("test_masks_passwords",),
        "keytab": (
            "test_create_keytab_path_from_base64_keytab_with_decode_exception",
            "test_create_keytab_path_from_base64_keytab_with_existing_keytab",
            "test_create_keytab_path_from_base64_keytab_with_move_exception",
            "test_create_keytab_path_from_base64_keytab_with_new_keytab",
            "test_create_keytab_path_from_base64_keytab_with_new_keytab_with_principal",
            "test_create_keytab_path_from_base64_keytab_with_write_exception",
        ),
    },
    "operators/test_spark_submit.py::TestSparkSubmitOperator": {
        "refused": ("test_spark_submit_cmd_connection_overrides",),
    },
    "operators/test_spark_submit.py::TestSparkSubmitOperatorResumable": {
        "tracking": ("test_on_kill_sends_authenticated_kill_to_yarn_rm",),
    },
}
DIFFERENCES = {
    f"{place}::{test}": reason
    for place, reasons in _BY_REASON.items()
    for reason, tests in reasons.items()
    for test in tests
}
