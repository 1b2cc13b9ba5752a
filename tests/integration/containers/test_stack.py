"""What the stack promises, tried on real containers; in this order, since some of it breaks things."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request

import pytest

from tests.integration.containers.stack_under_test import IMAGES, LEEWAY_SECONDS, NAME, SECRETS, TOKEN_SECONDS

SERVICES = {
    "postgres",
    "airflow-init",
    "api-server",
    "scheduler",
    "dag-processor",
    "triggerer",
    "spark-master",
    "spark-worker-1",
    "spark-worker-2",
    "spark-history",
}
FLIGHTS = "flight_delay_training"


def services(stack):
    return {stack.inspect(c)["Config"]["Labels"]["com.docker.compose.service"]: c for c in stack.containers()}


def test_every_service_is_up_and_healthy(stack, figures):
    """One container each, and no other; idle memory and sizes are kept for the figures."""
    found = services(stack)
    assert found.keys() == SERVICES
    for name, container in found.items():
        state = stack.inspect(container)["State"]
        assert state.get("Health", {}).get("Status", "none") == "healthy" or name == "airflow-init", (
            name,
            state,
        )
    time.sleep(20)  # what starting took is given back
    used = sum(stack.used_mib().values())
    sizes = stack.docker("images", "--format", "{{.Repository}} {{.Size}}", "spark-guard-test/*")
    figures.add(idle_mib=round(used), images=dict(line.split() for line in sizes.splitlines()))
    assert 500 < used <= 1.7 * 1024


def test_a_second_up_changes_nothing(stack):
    """Neither containers nor secrets, and no secret is printed."""
    before = {name: stack.secret(name) for name in SECRETS}, set(stack.containers())
    printed = stack.run("up", "--no-build")
    assert "is up already" in printed
    assert ({name: stack.secret(name) for name in SECRETS}, set(stack.containers())) == before


def test_a_taken_port_is_named_with_its_variable(stack):
    """Another stack at the same ports; nothing of it is started."""
    other = {**stack.env, "STACK_NAME": "spark-guard-other"}
    mine, stack.env = stack.env, other
    try:
        printed = stack.run("up", "--no-build", check=False)
        assert (
            stack.docker("ps", "-aq", "--filter", "label=com.docker.compose.project=spark-guard-other") == ""
        )
    finally:
        stack.env = mine
    assert "A port is taken." in printed
    assert f"127.0.0.1:{stack.ports['AIRFLOW_PORT']} (AIRFLOW_PORT)" in printed


def test_nothing_is_published_but_on_loopback(stack):
    """Spark's own ports are not published at all."""
    published = {}
    for name, container in services(stack).items():
        bindings = stack.inspect(container)["HostConfig"]["PortBindings"] or {}
        for port, hosts in bindings.items():
            published[name, port] = [host["HostIp"] for host in hosts]
    assert published == {
        ("api-server", "8080/tcp"): ["127.0.0.1"],
        ("spark-master", "8080/tcp"): ["127.0.0.1"],
        ("spark-history", "18080/tcp"): ["127.0.0.1"],
    }


def test_a_container_can_do_little(stack):
    """No root, no capabilities, no new privileges, a read-only file system, and limits."""
    for name, container in services(stack).items():
        found = stack.inspect(container)
        host = found["HostConfig"]
        assert found["Config"]["User"] == "50000:50000", name
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert host["Memory"] > 0, name
        assert host["NanoCpus"] > 0, name
        assert host["PidsLimit"] > 0, name
        if name != "airflow-init":  # which has ended
            tops = stack.docker("top", container, "-eo", "uid,pid").splitlines()[1:]
            assert {line.split()[0] for line in tops} == {"50000"}, name


CONNECTS = """
import socket
try:
    socket.create_connection(({host!r}, {port}), timeout=3).close()
    print("open")
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("image", ["spark", "postgres"])
def test_a_service_without_its_secret_says_so_and_ends(stack, image):
    """What plain compose does when nobody has made the secrets."""
    words = ["docker", "run", "--rm", IMAGES[image], *(["master"] if image == "spark" else [])]
    done = subprocess.run(words, env=stack.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert re.fullmatch(
        r"stack: the secret \w+ is missing\. expected: the file /run/secrets/\w+\. do: run 'make stack-up'.*\n",
        done.stderr,
    )


def test_airflow_gets_no_secret_rather_than_an_empty_one(stack):
    """An empty Fernet key would mean connections in clear."""
    words = ["docker", "run", "--rm", "--entrypoint", "sh", IMAGES["airflow"], "/opt/stack/airflow-secret.sh"]
    for name in ("airflow_fernet_key", "database", "celery-broker"):
        done = subprocess.run([*words, name], env=stack.env, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (78, "")


def test_who_may_reach_whom(stack):
    """The REST server for submissions is off; executors' machines do not see the database, by name or address."""
    assert stack.python("spark-worker-1", CONNECTS.format(host="spark-master", port=7077)) == "open"
    assert stack.python("scheduler", CONNECTS.format(host="postgres", port=5432)) == "open"
    refused = stack.python("spark-worker-1", CONNECTS.format(host="spark-master", port=6066))
    assert refused == "ConnectionRefusedError"
    networks = stack.inspect(stack.container("postgres"))["NetworkSettings"]["Networks"]
    assert stack.python("spark-worker-1", CONNECTS.format(host="postgres", port=5432)) == "gaierror"
    for network in networks.values():
        answer = stack.python("spark-worker-1", CONNECTS.format(host=network["IPAddress"], port=5432))
        assert answer in {"TimeoutError", "OSError", "ConnectionRefusedError"}


# With a configuration of its own, which holds no secret.
STRANGER = """
import os, subprocess, tempfile
folder = tempfile.mkdtemp()
script = folder + "/job.py"
open(script, "w").write("from pyspark import SparkContext; print(SparkContext().range(9).sum())")
submit = [os.environ["SPARK_HOME"] + "/bin/spark-submit", "--master", "spark://spark-master:7077"]
done = subprocess.run(
    [*submit, "--conf", "spark.driver.host=spark-worker-1", script],
    env={**os.environ, "SPARK_CONF_DIR": folder}, capture_output=True, text=True, timeout=300,
)
print(done.returncode, "All masters are unresponsive" in done.stderr, done.stdout)
"""


@pytest.fixture(scope="module")
def stranger(stack):
    """A client that does not know the secret; the master lets it wait a minute, so other tests go on beside it."""
    with stack.start_python("spark-worker-1", STRANGER) as process:
        yield process
        process.kill()


def test_a_stranger_may_try_its_luck(stack, stranger):
    """It runs beside the next tests."""
    stack.api.wait(
        lambda: "SparkSubmit" in stack.docker("top", stack.container("spark-worker-1"), "-eo", "pid,args"),
        30,
        "spark-submit",
    )
    assert stranger.poll() is None


def published_model(stack):
    """It was trained on all flights, is as good as the gate asks, and complete."""
    folder = "/opt/data/flight_delay/models/current"
    metadata = json.loads(
        stack.docker("exec", stack.container("scheduler"), "cat", f"{folder}/metadata.json")
    )
    metrics = metadata["metrics"]
    assert metrics["mae"] < 0.95 * metrics["baseline_mae"]
    assert min(metrics["r2"], metrics["holdout_r2"]) >= 0.20
    assert min(metrics["auc"], metrics["holdout_auc"]) >= 0.77
    assert metadata["sample"]["rows_taken"] == 200_000
    model = f"{folder}/{metadata['model']['file']}"
    size = stack.docker("exec", stack.container("scheduler"), "stat", "-c", "%s", model)
    assert int(size) == metadata["model"]["bytes"]


def test_the_flight_dag_trains_on_both_workers_while_the_database_restarts(stack, figures):
    """Triggered over REST; PostgreSQL restarts in the middle, and the task outlives its token as well."""
    started = time.monotonic()
    run = stack.trigger_instead_of_the_schedule(FLIGHTS)
    stack.wait_for(FLIGHTS, run, "prepare", "success", 120)
    figures.add(prepared_after_seconds=round(time.monotonic() - started))
    stack.wait_for(FLIGHTS, run, "train", "running", 60)
    watch = stack.api.trigger("flight_delay_watch", {})
    time.sleep(15)
    stack.docker("restart", stack.container("postgres"))
    stack.api.wait(lambda: stack.health("postgres") == "healthy", 60, "a healthy database")
    busy: dict[str, float] = {}
    most = 0.0
    while stack.state(FLIGHTS, run, "train") == "running":
        now = stack.used_mib()
        most = max(most, sum(now.values()))
        busy = {name: max(now.get(name, 0), busy.get(name, 0)) for name in {*now, *busy}}
        stack.look()
    stack.wait_for(FLIGHTS, run, "train", "success", 60)
    figures.add(busy_mib=round(most), busy_mib_by_service={name: round(busy[name]) for name in sorted(busy)})
    stack.wait_for(FLIGHTS, run, "publish", "success", 60)
    path = f"/api/v2/dags/{FLIGHTS}/dagRuns/{run}"
    stack.api.wait(lambda: stack.api.call("GET", path)["state"] == "success", 60, "the end of the run")
    stack.pause(FLIGHTS)
    figures.add(flight_dag_seconds=round(time.monotonic() - started))

    train = stack.api.task(FLIGHTS, run, "train")
    assert train["try_number"] == 1
    figures.add(train_seconds=round(train["duration"]), token_seconds=TOKEN_SECONDS)
    assert train["duration"] > TOKEN_SECONDS + LEEWAY_SECONDS

    published_model(stack)
    assert "no processes left" in stack.log(FLIGHTS, run, "train")

    told = stack.xcom(FLIGHTS, run, "train", "spark_guard_application")
    executors = stack.history(f"applications/{told['application_id']}/allexecutors")
    hosts = {
        row["hostPort"].split(":")[0] for row in executors if row["id"] != "driver" and row["completedTasks"]
    }
    assert hosts == {"spark-worker-1", "spark-worker-2"}

    # The links of the task, as a browser on this machine follows them.
    path = f"/api/v2/dags/{FLIGHTS}/dagRuns/{run}/taskInstances/train/links"
    links = stack.api.call("GET", path)["extra_links"]
    # No browser reaches a driver in here; once the application is over, both links lead to its history.
    assert links["Spark UI"] == links["Spark history"]
    with urllib.request.urlopen(links["Spark history"], timeout=30) as page:
        assert told["application_id"] in page.read().decode()

    # The sensor of the other DAG found the application by its name, and saw it end well.
    stack.wait_for("flight_delay_watch", watch, "restarts", "success", 90)
    figures.add(flight_test_seconds=round(time.monotonic() - started))


def test_without_the_secret_nobody_gets_an_executor(stranger):
    """``spark.authenticate``: the master turned it away."""
    printed, _ = stranger.communicate(timeout=120)
    assert printed.split()[:2] == ["1", "True"], printed


def test_the_log_of_a_healthy_job_warns_of_nothing(stack):
    """What a user reads first; warnings of Airflow itself and of Spark's own log aside."""
    (run,) = stack.api.call("GET", f"/api/v2/dags/{FLIGHTS}/dagRuns?state=success")["dag_runs"]
    log = stack.log(FLIGHTS, run["dag_run_id"], "train")
    assert "Guarded: deadline 30m, profile ml-training, Spark 4.2" in log
    assert "spark.authenticate.secret=******" in log
    for word in ("Spark itself does not know", "Left out of the profile", "possible orphan"):
        assert word not in log


def test_a_worker_that_is_killed_costs_an_executor_and_not_the_job(stack):
    """The budget is three: the job goes on with what is left, and the sensor beside it names the executor."""
    run = stack.api.trigger("disturbed", {"tasks": 40, "losses": 3})
    stack.running_job(run)
    stack.docker("kill", stack.container("spark-worker-2"))
    stack.wait_for("disturbed", run, "restarts", "failed", 120)
    assert re.search(r"executor \d on spark-worker-2 at ", stack.log("disturbed", run, "restarts"))
    stack.wait_for("disturbed", run, "job", "success", 150)
    assert stack.xcom("disturbed", run, "job", "return_value") == {"sum": 499500}
    stack.docker("start", stack.container("spark-worker-2"))
    stack.api.wait(lambda: stack.health("spark-worker-2") == "healthy", 60, "the worker again")


def test_a_worker_without_network_ends_a_job_that_may_lose_none(stack):
    """Unplugged, not killed: nothing says good-bye. The guard names the executor."""
    network = next(iter(stack.inspect(stack.container("spark-worker-1"))["NetworkSettings"]["Networks"]))
    run = stack.api.trigger("disturbed", {"tasks": 120, "losses": 0})
    stack.running_job(run)
    stack.docker("network", "disconnect", network, stack.container("spark-worker-1"))
    stack.api.wait(
        lambda: (
            stack.state("disturbed", run, "job") in {"up_for_retry", "failed"}
            or stack.api.task("disturbed", run, "job")["try_number"] > 1
        ),
        120,
        "the end of the first try",
    )
    log = stack.log("disturbed", run, "job")
    assert "EXECUTORS_LOST" in log
    assert re.search(r"spark-worker-1", log)
    stack.docker("network", "connect", network, stack.container("spark-worker-1"))
    stack.api.mark_failed("disturbed", run, "job")
    stack.api.wait(lambda: stack.master()["activeapps"] == [], 60, "no application")
    stack.api.wait(lambda: stack.health("spark-worker-1") == "healthy", 120, "the worker again")


def test_a_scheduler_that_is_killed_takes_its_drivers_along_and_the_run_recovers(stack, figures):
    """The application ends with its driver; the scheduler that comes back runs the task again."""
    run = stack.api.trigger("disturbed", {"tasks": 60, "losses": 3})
    first = stack.running_job(run)
    scheduler = stack.container("scheduler")
    stack.docker("kill", scheduler)
    killed = time.monotonic()
    stack.api.wait(lambda: stack.master()["activeapps"] == [], 60, "no application")
    assert not stack.inspect(scheduler)["State"]["Running"]
    figures.add(application_gone_after_scheduler_kill_seconds=round(time.monotonic() - killed, 1))
    stack.docker("start", scheduler)
    stack.api.wait(lambda: stack.health("scheduler") == "healthy", 120, "a healthy scheduler")
    stack.running_job(run, other_than=first)
    figures.add(job_again_after_scheduler_kill_seconds=round(time.monotonic() - killed))
    stack.wait_for("disturbed", run, "job", "success", 240)


def test_no_secret_shows_anywhere(stack):
    """Neither to who inspects containers and images, nor in logs and records, nor in lists of processes."""
    stack.look()
    assert any("train_flight_delay.py" in processes for processes in stack.processes)
    assert any("CoarseGrainedExecutorBackend" in processes for processes in stack.processes)
    seen = [stack.printed, *stack.processes]
    for container in stack.containers():
        seen += [stack.docker("inspect", container), stack.docker("logs", container)]
    for image in stack.docker("images", "-q", "spark-guard-test/*").split():
        seen += [stack.docker("inspect", image), stack.docker("history", "--no-trunc", image)]
    left = "find {} -type f -size -20M -exec cat {{}} +"
    for service, folders in (
        ("scheduler", "/opt/airflow/logs /opt/airflow/records /opt/spark/events"),
        ("spark-worker-1", "/opt/spark/work"),
        ("spark-worker-2", "/opt/spark/work"),
    ):
        words = ["docker", "exec", stack.container(service), "sh", "-c", left.format(folders)]
        seen.append(subprocess.run(words, env=stack.env, capture_output=True).stdout.decode(errors="replace"))
        assert len(seen[-1]) > 1000, service
    text = "\n".join(seen)
    for name in SECRETS:
        assert stack.secret(name) not in text, name


def test_down_leaves_named_volumes_and_the_next_up_has_everything(stack):
    """Runs, models, logs and secrets."""
    label = f"label=com.docker.compose.project={NAME}"
    runs = stack.api.call("GET", "/api/v2/dags/~/dagRuns?limit=100")["total_entries"]
    secrets = {name: stack.secret(name) for name in SECRETS}
    stack.run("down")
    assert stack.docker("ps", "-aq", "--filter", label) == ""
    assert stack.docker("network", "ls", "-q", "--filter", label) == ""
    volumes = stack.docker("volume", "ls", "--format", "{{.Name}}").split()
    assert {name.removeprefix(f"{NAME}_") for name in volumes} >= {
        "postgres-data",
        "airflow-logs",
        "spark-data",
    }
    assert all(name.startswith(f"{NAME}_") for name in volumes if NAME in name)

    stack.run("up", "--no-build")
    assert {name: stack.secret(name) for name in SECRETS} == secrets
    stack.sign_in()
    assert stack.api.call("GET", "/api/v2/dags/~/dagRuns?limit=100")["total_entries"] >= runs
    models = stack.docker("exec", stack.container("scheduler"), "ls", "/opt/data/flight_delay/models")
    assert "current" in models
