"""Pictures of a running site, to be laid beside the designed ones.

    .venv/bin/python -m tests.e2e.screens http://127.0.0.1:8000 yunxi/0107 PASSWORD [folder]

The folder is .state/screens unless named; nothing in it is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.installed import chromium

FOLDER = Path(".state/screens")


def console(page: Page, folder: Path) -> None:
    """The console idle (picture 20), taking a repair down (picture 01) and after a refusal."""
    folder.mkdir(parents=True, exist_ok=True)
    page.goto("/desk/")
    page.wait_for_timeout(600)
    page.screenshot(path=folder / "console-idle.png")
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=folder / "console-idle-dark.png")
    page.emulate_media(color_scheme="light")
    page.keyboard.press("F2")
    page.keyboard.type("3-1-2502")
    page.keyboard.press("Enter")
    page.keyboard.type("cf")
    page.wait_for_timeout(600)
    page.screenshot(path=folder / "console-matter.png")
    page.keyboard.press("Enter")
    page.wait_for_timeout(800)
    page.screenshot(path=folder / "console-call.png")
    page.check("[name=visit][value=appointment]", force=True)
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(800)
    page.screenshot(path=folder / "console-refused.png")


def login(page: Page, folder: Path) -> None:
    """The sign-in page (picture 19)."""
    folder.mkdir(parents=True, exist_ok=True)
    page.goto("/login/")
    page.wait_for_timeout(300)
    page.screenshot(path=folder / "login.png")


def window(browser: Browser, url: str) -> Page:
    """A window of the size the pictures have."""
    return browser.new_context(
        base_url=url, viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
    ).new_page()


def main(url: str, number: str, password: str, folder: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = window(browser, url)
        login(page, folder)
        page.fill("[name=number]", number)
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/desk/")
        console(page, folder)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]) if len(sys.argv) > 4 else FOLDER)
