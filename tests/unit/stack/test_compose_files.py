"""Rules of the compose files: what every service has, and what none has. Compose itself checks the rest."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = ("airflow.yml", "spark.yml")
LOADED = {name: yaml.safe_load((ROOT / name).read_text()) for name in FILES}
SERVICES = [(file, name) for file in FILES for name in LOADED[file]["services"]]
# Run by compose V1 in the containers' test; V2 warns of it, or refuses it in a file of V1.
ONLY_ONE_COMPOSE = {"name", "include", "version", "deploy", "scale"}


@pytest.fixture(params=SERVICES, ids=lambda found: found[1])
def service(request):
    file, name = request.param
    return LOADED[file]["services"][name]


def test_every_service_has_limits_and_few_rights(service):
    """Memory, CPU and processes; no capabilities, no new privileges, a read-only file system."""
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "user"} & service.keys()


def test_no_service_swaps_dumps_core_or_fills_the_disk_with_its_output(service):
    """Memory ends where its limit is; a core file would hold secrets; Docker's own default keeps every line."""
    assert service["memswap_limit"] == service["mem_limit"]
    assert service["ulimits"] == {"core": 0, "nofile": {"soft": 16384, "hard": 16384}}
    assert service["logging"] == {
        "driver": "json-file",
        "options": {"max-size": "10m", "max-file": "5"},
    }


def test_a_celery_worker_has_no_key_that_makes_tokens_or_reads_connections():
    """What its tasks run beside: broker, results, Spark. The scheduler makes tokens, the API server decrypts."""
    services = LOADED["airflow.yml"]["services"]
    worker = {"postgres_password", "redis_password", "spark_auth_secret"}
    assert set(services["celery-worker"]["secrets"]) == worker
    keys = {"airflow_fernet_key", "airflow_jwt_secret", "airflow_api_secret_key"}
    assert set(services["scheduler"]["secrets"]) == worker | keys


def test_every_service_that_stays_is_checked_and_started_again(service):
    """Init ends; all others say whether they do their work."""
    if service.get("command") == ["init"]:
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= service["healthcheck"].keys()


def test_what_is_published_is_published_on_loopback(service):
    """And its port can be changed."""
    for port in service.get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+_PORT:-\d+\}:\d+", port)


def test_every_service_is_in_a_network_of_ours(service):
    """Nothing ends in a network that compose makes by default, where all see all."""
    assert service["networks"]
    assert set(service["networks"]) <= {"metadata", "spark"}


def test_executors_and_the_database_share_no_network():
    """Who runs users' code on the cluster cannot even look for the database."""
    spark = {n for s in LOADED["spark.yml"]["services"].values() for n in s["networks"]}
    assert spark == {"spark"}
    assert LOADED["airflow.yml"]["services"]["postgres"]["networks"] == ["metadata"]


@pytest.mark.parametrize("file", FILES)
def test_no_secret_stands_in_a_file(file):
    """Secrets are files of a folder that git ignores; no variable of the environment is one."""
    text = (ROOT / file).read_text()
    assert not re.search(
        r"(?i)(password|secret|token|fernet_key)\w*[ \t]*[:=][ \t]*['\"]?[A-Za-z0-9+/]{8,}", text
    )
    for secret, found in LOADED[file]["secrets"].items():
        assert found == {"file": f"${{STACK_SECRETS:-./docker/secrets}}/{secret}"}
    names = {key for s in LOADED[file]["services"].values() for key in s.get("environment", {})}
    assert not [name for name in names if re.search("PASSWORD|SECRET|FERNET|CONN$", name)]
    ignored = subprocess.run(["git", "check-ignore", "docker/secrets/x"], cwd=ROOT, capture_output=True)
    assert ignored.returncode == 0


@pytest.mark.parametrize("file", FILES)
def test_each_file_is_whole(file):
    """Its services name no secret, volume or network that another file defines."""
    found = LOADED[file]
    for service in found["services"].values():
        assert set(service.get("secrets", ())) <= found["secrets"].keys()
        assert set(service["networks"]) <= found["networks"].keys()
        named = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert {name for name in named if re.fullmatch(r"[a-z][\w-]*", name)} <= found["volumes"].keys()
        assert set(service.get("depends_on", ())) <= found["services"].keys()
    assert not ONLY_ONE_COMPOSE & found.keys()
    assert not [s for s in found["services"].values() if ONLY_ONE_COMPOSE & s.keys()]


def test_both_files_say_the_same_of_what_they_share():
    """A secret, a network, a volume."""
    for part in ("secrets", "networks", "volumes"):
        first, second = (LOADED[file].get(part, {}) for file in FILES)
        assert all(first[name] == second[name] for name in first.keys() & second.keys())


def test_the_dockerfile_holds_for_the_legacy_builder_and_every_processor():
    """No syntax of BuildKit's alone, no path of one processor, nobody is root at the end."""
    text = (ROOT / "docker" / "Dockerfile").read_text()
    assert not re.search(r"^# syntax=|RUN --mount|COPY --chmod|COPY --link|<<", text, re.MULTILINE)
    assert not re.search("JAVA_HOME|amd64|x86_64|arm64|aarch64", text.split("FROM", 1)[1])
    for target in ("spark", "airflow", "postgres", "redis"):
        stage = re.split(r"^FROM ", text.split(f" AS {target}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
        assert re.findall(r"^USER (.*)$", stage, re.MULTILINE)[-1] == "50000:50000"


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
@pytest.mark.parametrize("files", [FILES[:1], FILES[1:], FILES], ids=" ".join)
def test_compose_takes_each_half_and_both(files):
    """As ``config -q`` of the Compose that is installed."""
    words = [word for file in files for word in ("-f", file)]
    done = subprocess.run(
        ["docker-compose", *words, "config", "-q"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
