"""docker-compose.yml, as far as it can be shown without a container engine: its commands run as plain processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis
import yaml

from servicedesk.runtime import valkey
from servicedesk.runtime.bootstrap import BACKUP
from servicedesk.runtime.layout import ROOT
from servicedesk.runtime.postgres import LOCALE
from servicedesk.runtime.process import free_port

pytestmark = pytest.mark.xdist_group("stack")
OURS = ("bootstrap", "migrate", "web", "worker-sla", "worker-default", "beat", "sla_sweeper")
PATIENCE = 60  # seconds


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a container would get, on the embedded servers, with a database, port and folder of its own."""
    place = tmp_path_factory.mktemp("compose")
    keys = [
        *("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SWEEPER_URL", "REDIS_URL", "SECRET_KEY"),
        *("DATABASE_SUPERUSER_URL", "DATABASE_BACKUP_PASSWORD", "HOME"),
    ]
    database = f"compose_{os.getpid()}"
    yield {
        **{key: os.environ[key] for key in keys if key in os.environ},
        **{key: re.sub(r"[^/]*$", database, os.environ[key]) for key in keys[:3]},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SD_STATE": str(place),
        "PORT": str(free_port()),
        "HOST": "127.0.0.1",
        "ALLOWED_HOSTS": "desk.example.com",
        "HOSTNAME": "container",
        "DEBUG": "0",
        "HTTPS": "1",
        "TESTING": "1",  # the image has collected static files; a checkout has not
    }
    with closing(psycopg2.connect(os.environ["DATABASE_SUPERUSER_URL"])) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


@pytest.fixture(scope="module")
def prepared(compose: dict[str, Any], environment: dict[str, str]) -> None:
    for name in ("bootstrap", "migrate"):
        subprocess.run(command(compose, name, environment), cwd=ROOT, env=environment, check=True, timeout=PATIENCE * 3)


def command(compose: dict[str, Any], name: str, environment: dict[str, str]) -> list[str]:
    """The service's command, with what differs between a container and this machine: scratch folder and host name."""
    words = compose["services"][name]["command"]
    return [word.replace("/tmp/", f"{environment['SD_STATE']}/").replace("%h", "container") for word in words]


def is_healthy(compose: dict[str, Any], name: str, environment: dict[str, str]) -> bool:
    kind, *words = compose["services"][name]["healthcheck"]["test"]
    words = [word.replace("/tmp/", f"{environment['SD_STATE']}/").replace("$$", "$") for word in words]
    check = words if kind == "CMD" else ["sh", "-c", *words]
    return subprocess.run(check, cwd=ROOT, env=environment, capture_output=True, check=False).returncode == 0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[Callable[[list[str]], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def run(words: list[str]) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(words, cwd=ROOT, env=environment, start_new_session=True))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_the_services_are_the_ones_that_production_needs(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"postgres", "redis", *OURS}
    for name, service in compose["services"].items():
        if service.get("restart") != "no":
            assert service["healthcheck"]["test"], name


def test_what_must_outlive_a_container_is_on_a_named_volume(compose: dict[str, Any]) -> None:
    mounts = {name: service.get("volumes", []) for name, service in compose["services"].items()}

    assert set(compose["volumes"]) == {"postgres", "redis", "media"}
    assert mounts["postgres"] == ["postgres:/var/lib/postgresql"]
    assert mounts["redis"] == ["redis:/data"]
    assert all(mounts[name] == ["media:/app/.state/media"] for name in OURS)


def test_only_the_bootstrap_gets_the_superuser(compose: dict[str, Any]) -> None:
    holders = [name for name in OURS if "DATABASE_SUPERUSER_URL" in compose["services"][name]["environment"]]

    assert holders == ["bootstrap"]


def test_every_variable_is_explained_and_none_has_a_secret_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    explained = (ROOT / ".env.example").read_text() + (ROOT / "docs/operations.md").read_text()

    for name, default in re.findall(r"\$\{([A-Z_]+)(:[^}]*)?\}", text):
        assert name in explained
        if "PASSWORD" in name or "KEY" in name:
            assert default == ":?"


def test_the_database_sorts_and_searches_as_the_embedded_one_does(compose: dict[str, Any]) -> None:
    assert compose["services"]["postgres"]["image"] == "postgres:18"
    assert compose["services"]["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split() == list(LOCALE)


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize("name", ["web", "worker-sla", "worker-default", "beat", "sla_sweeper"])
def test_each_service_starts_becomes_healthy_and_stops_when_asked(
    compose: dict[str, Any],
    environment: dict[str, str],
    running: Callable[[list[str]], subprocess.Popen[bytes]],
    name: str,
) -> None:
    process = running(command(compose, name, environment))

    until(lambda: process.poll() is not None or is_healthy(compose, name, environment))
    assert process.poll() is None
    process.terminate()

    assert process.wait(timeout=PATIENCE) in {0, -signal.SIGTERM}


def test_the_redis_service_takes_its_password_from_the_environment(
    compose: dict[str, Any], tmp_path: Path, running: Callable[[list[str]], subprocess.Popen[bytes]]
) -> None:
    """Run with the embedded server under the name of the image's, which reads the same configuration."""
    (tmp_path / "redis-server").symlink_to(valkey._binary())
    shell, option, script = compose["services"]["redis"]["command"]
    port = free_port()
    script = script.replace("$$", "$").replace("appendonly yes", f"appendonly no\\nport {port}\\nbind 127.0.0.1")

    running([shell, option, f"cd {tmp_path}; export REDIS_PASSWORD=only-here PATH={tmp_path}:$PATH; {script}"])

    def answers() -> bool:
        try:
            with redis.Redis(port=port, password="only-here") as client:
                return bool(client.ping()) and client.config_get("maxmemory-policy") == {
                    "maxmemory-policy": "noeviction"
                }
        except redis.RedisError:
            return False

    until(answers)


def test_the_backup_role_can_dump_every_row_and_change_none(prepared: None, environment: dict[str, str]) -> None:
    address = re.sub("//[^@]*@", f"//{BACKUP}:{environment['DATABASE_BACKUP_PASSWORD']}@", environment["DATABASE_URL"])
    dump = Path(os.environ["PG_BIN"]) / "pg_dump"

    done = subprocess.run([str(dump), "--format=custom", address], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"PGDMP")
    with (
        closing(psycopg2.connect(address)) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.Error, match="read-only transaction"),
    ):
        cursor.execute("DELETE FROM django_session")


def test_the_image_is_built_from_files_that_exist() -> None:
    sources = re.findall(r"^COPY ([^-\s]\S*) ", (ROOT / "Dockerfile").read_text(), re.M)

    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert shutil.which("sh")
