"""The beat: `celery -A servicedesk.beat beat`. It knocks by task name and needs neither Django nor the database."""

from __future__ import annotations

import logging.config
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging

from servicedesk import environment, log, settings

app = Celery("servicedesk", fixups=[])
app.config_from_object(settings, namespace="CELERY")


@setup_logging.connect
def use_our_log(**kwargs: Any) -> None:
    log.configure()
    logging.config.dictConfig(settings.LOGGING)


@beat_init.connect
def refuse_bad_start(**kwargs: Any) -> None:
    if environment.problems:
        raise SystemExit("\n".join(f"{problem.variable} {problem.sentence}." for problem in environment.problems))
