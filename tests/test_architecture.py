"""What must hold of the code itself, whatever it does. A failure says what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from servicedesk.celery import app

ROOT = Path(settings.BASE_DIR)
APPS = ("residents", "tickets", "repairs", "complaints", "decoration", "billing", "frontdesk", "servicedesk")

SQL_BUILDERS = {
    "residents/tenancy.py": "the wall's own migration operations and grants, made of our table names and role names",
    "tickets/sla/engine.py": "storing judged clocks: a list of our own columns, every value a parameter",
    "servicedesk/demo/wipe.py": "deleting a demo company as the owner, over the names of our own tables",
    "servicedesk/runtime/bootstrap.py": "roles and databases, quoted by psycopg2.sql",
}
"""Modules that build SQL from strings, each with the reason why no word of a person can be in it."""
LONG_DELAYS: set[str] = set()
SAFE_MARKUP: set[str] = set()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(*folders: str) -> list[Path]:
    """Our modules; migrations and tests left out."""
    found = [path for folder in folders or APPS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))


def called(node: ast.Call) -> str:
    """The last name of what is called: `execute` of `cursor.execute(...)`."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def our_tasks() -> dict[str, Any]:
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if name.split(".")[0] in APPS}


def test_every_task_of_ours_stops_by_itself_and_keeps_no_result() -> None:
    assert our_tasks()
    for name, task in our_tasks().items():
        assert task.soft_time_limit, f"{name}: give @shared_task a soft_time_limit"
        assert task.time_limit > task.soft_time_limit, f"{name}: time_limit above soft_time_limit"
        assert task.ignore_result, f"{name}: results are kept in PostgreSQL or not at all"


def test_every_task_goes_to_a_queue_that_a_worker_of_the_compose_file_serves() -> None:
    import yaml

    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    commands = " ".join(str(service.get("command", "")) for service in services.values())
    served = set(re.findall(r"-Q'?,?\s+'?([\w,]+)", commands)) | set(re.findall(r"--queues[= ](\w+)", commands))
    served = {queue for group in served for queue in group.split(",")}

    for name in our_tasks():
        queue = app.amqp.router.route({}, name)["queue"].name
        assert queue in served, f"{name} goes to {queue}; add it to CELERY_TASK_ROUTES or to a worker"


def test_every_beat_of_the_schedule_names_a_task_and_expires() -> None:
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    for name, entry in schedule.items():
        assert entry["task"] in our_tasks(), name
        expires = entry["options"]["expires"]
        assert 0 < expires <= max(3, entry["schedule"]), f"{name}: a stale ring must be shed, not worked off"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_task_is_put_off_by_the_broker_for_more_than_a_minute(path: Path) -> None:
    """What is due later is a row in the database; Redis may forget it and hands it out again after five minutes."""
    for call in calls(path):
        for keyword in call.keywords:
            if keyword.arg == "eta":
                assert name_of(path) in LONG_DELAYS, f"{name_of(path)}:{call.lineno} put the moment into a row"
            if keyword.arg == "countdown":
                seconds = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                assert isinstance(seconds, int | float), f"{name_of(path)}:{call.lineno} countdown is not a number"
                assert seconds <= 60, f"{name_of(path)}:{call.lineno} put the moment into a row"


def _is_built(node: ast.expr) -> bool:
    """Whether a string is put together from others when the statement runs."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod) or _is_built(node.left) or _is_built(node.right)
    return isinstance(node, ast.Call) and called(node) in {"format", "join", "replace"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_statement_is_built_from_strings(path: Path) -> None:
    """The wall does not stop injected SQL: the web role may set the company itself."""
    for call in calls(path):
        if (
            called(call) in {"execute", "executemany", "raw", "RawSQL", "extra"}
            and call.args
            and _is_built(call.args[0])
        ):
            assert name_of(path) in SQL_BUILDERS, f"{name_of(path)}:{call.lineno} pass values as parameters"


def test_the_list_of_modules_that_build_sql_is_not_longer_than_needed() -> None:
    builders = {
        name_of(path)
        for path in modules()
        for call in calls(path)
        if called(call) in {"execute", "executemany"} and call.args and _is_built(call.args[0])
    }

    assert builders == set(SQL_BUILDERS)


def test_nothing_marks_text_as_markup() -> None:
    """Text of people is escaped everywhere; a template that needs markup includes another template."""
    marked = {
        name_of(path)
        for path in modules()
        for call in calls(path)
        if called(call) in {"mark_safe", "SafeString", "SafeText"}
    }
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\|\s*safe(seq)?\b|{%\s*autoescape\s+off", text):
            marked.add(name_of(path))

    assert marked == SAFE_MARKUP


def test_pages_ask_no_other_host_and_carry_no_script_or_style_of_their_own() -> None:
    for path in sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.*")]):
        if path.suffix not in {".html", ".js", ".css", ".svg"}:
            continue
        text = re.sub(r"{#.*?#}|/\*.*?\*/|<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        hosts = [host for host in re.findall(r"(?:https?:)?//([\w-]+(?:\.[\w-]+)+)", text) if host != "www.w3.org"]
        assert hosts == [], f"{name_of(path)} asks {hosts}: take files from the installed packages"
        if path.suffix == ".html":
            assert not re.search(r"<script(?![^>]*\bsrc=)", text), f"{name_of(path)}: scripts are files"
            assert not re.search(r"<style\b|\sstyle=\"|\son\w+=\"|javascript:", text), f"{name_of(path)}: see the CSP"


SPOKEN = {".py", ".md", ".html", ".js", ".css", ".toml", ".yml", ".txt", ".in", ".example", ".json", ""}
FOREIGN = re.compile(r"/(?:work|home|root|Users)/\w|/tmp/(?!bash_jobs)[\w-]+/|\.internal\b|host\.docker\.internal")
MAY_SPEAK = {"tests/test_architecture.py"}


def _committed() -> list[Path]:
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return modules()
    return [ROOT / line for line in listed.stdout.splitlines()]


def test_the_repository_speaks_of_no_machine() -> None:
    """Paths and hosts of whoever wrote it mean nothing elsewhere."""
    found = [
        f"{name_of(path)}:{number}"
        for path in _committed()
        if path.is_file() and path.suffix in SPOKEN and name_of(path) not in MAY_SPEAK
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), start=1)
        if FOREIGN.search(line)
    ]

    assert found == []


HTTP_AND_QUEUE = {"django.http", "django.shortcuts", "rest_framework", "celery"}


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if {"models", "models.py", "actions", "actions.py"} & {*path.parts}],
    ids=name_of,
)
def test_models_and_actions_know_neither_http_nor_the_queue(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            imported = [node.module]
        for module in imported:
            assert not any(module == known or module.startswith(f"{known}.") for known in HTTP_AND_QUEUE), name_of(path)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nobody_asks_the_application_servers_clock(path: Path) -> None:
    """Moments come from the database: `scope_now()`, or `at=` from a test."""
    allowed = {"servicedesk/runtime", "servicedesk/demo", "servicedesk/log.py", "servicedesk/health.py"}
    if any(name_of(path).startswith(known) for known in allowed):
        return
    for call in calls(path):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        owner_name = getattr(owner, "id", getattr(owner, "attr", ""))
        is_clock = called(call) in {"now", "utcnow", "today"} and owner_name in {"datetime", "date", "timezone"}
        assert not is_clock, f"{name_of(path)}:{call.lineno} ask scope_now()"


def test_a_template_comment_ends_on_its_line() -> None:
    """Django prints a {# comment #} that goes on over the line to whoever looks at the page."""
    broken = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.count("{#") != line.count("#}")
    ]

    assert broken == []
