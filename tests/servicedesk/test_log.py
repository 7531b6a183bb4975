"""The log helps whoever mends a fault and says nothing about the people on whose behalf it happened."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from servicedesk.log import line_formatter


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the configured lines look like, for the logger "tests.log" and whatever writes below it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(line_formatter())
    logger = logging.getLogger("tests.log")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_our_own_and_foreign_lines_carry_the_id_of_the_request(written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc12345"):
        logging.getLogger("tests.log").warning("slow answer from %s", "gateway")
        structlog.get_logger("tests.log").warning("request", route="login/", status=200)

    foreign, own = written.getvalue().splitlines()
    assert 'level=warning logger=tests.log event="slow answer from gateway"' in foreign
    assert "logger=tests.log event=request" in own
    assert "route=login/ status=200" in own
    assert foreign.count("request_id=abc12345") == own.count("request_id=abc12345") == 1


def test_a_traceback_is_readable_and_names_nobody(written: io.StringIO) -> None:
    try:
        raise ValueError("duplicate phone 13800000000\nDETAIL:  Key (name)=(李雷) already exists.\n")
    except ValueError:
        logging.getLogger("tests.log").exception("not saved")

    text = written.getvalue()
    assert text.count("\n") > 3
    assert "ValueError: duplicate phone *******" in text
    assert "13800000000" not in text
    assert "李雷) already exists" not in text.split("ValueError: ")[1]
