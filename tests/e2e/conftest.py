"""A real server on the tests' database and a real Chromium in front of it.

The server is a process of its own, so that everything a browser meets is there: middleware, streams, static files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from residents.models import Account
from servicedesk.runtime.layout import ROOT
from servicedesk.runtime.process import free_port
from tests.e2e.installed import chromium
from tests.worlds import World

PATIENCE = 60  # seconds for the server to answer on a busy machine
PASSWORD = "correct-horse"


@dataclass(frozen=True)
class Site:
    """A running server and the committed world behind it."""

    url: str
    world: World


@pytest.fixture
def site(committed_garden: World) -> Iterator[Site]:
    """The garden, served."""
    port = free_port()
    name = connections["default"].settings_dict["NAME"]
    databases = {
        key: urlunsplit(urlsplit(os.environ[key])._replace(path=f"/{name}"))
        for key in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SWEEPER_URL")
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "web", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, **databases, "WEB_THREADS": "4"},
    )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", process)
        yield Site(f"http://127.0.0.1:{port}", committed_garden)
    finally:
        process.terminate()
        process.wait(15)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended by itself"
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {PATIENCE} s")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("NO CHROMIUM: the browser tests were left out (apt-get install chromium fonts-noto-cjk)")
    # The synchronous driver keeps an event loop in this thread, in which Django would refuse the database.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser window of the size the pictures have."""
    made = browser.new_context(
        base_url=site.url, viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    yield made
    made.close()


def sign_in(context: BrowserContext, site: Site, role: str) -> Page:
    """A page of somebody signed in, with every script error turned into a failure of the test."""
    page = context.new_page()
    account = Account.objects.get(login=f"{site.world.company.code}/{role}")
    page.goto("/login/")
    page.fill("[name=number]", account.login)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/desk/")
    return page
