"""How a log line looks: time, level, logger, event, then key=value pairs, the request's id among them."""

from __future__ import annotations

import logging
import re

import structlog
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

_SHARED: list[Processor] = [
    merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]

_LINE = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "logger", "event"], bool_as_flag=False, drop_missing=True
)
_DETAIL = re.compile(r"^(DETAIL|CONTEXT): .*\n?", re.M)
_NUMBER = re.compile(r"\d{7,}")


def line_formatter() -> logging.Formatter:
    """The formatter of settings.LOGGING: the same line for structlog's loggers and for those of the libraries."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _render,
        ],
    )


def _render(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """The line, and below it the traceback as a person reads it."""
    trace = event.pop("exception", "")
    line = str(_LINE(logger, name, event))
    return f"{line}\n{without_personal_data(trace)}" if trace else line


def without_personal_data(trace: str) -> str:
    """A traceback without the values that databases put into their errors and without numbers that may be phones."""
    return _NUMBER.sub("*******", _DETAIL.sub("", trace))


def configure() -> None:
    """Let structlog's loggers write through the standard library. Called once, when Django is set up."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
