"""The Celery app: `celery -A servicedesk.celery worker`. Its beat is in beat.py."""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # ours run below; all of them would load every page into every worker
# Only JSON is accepted, so running as root (a container, a bare machine) executes nothing that a message carries.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("servicedesk", task_cls="residents.tenancy:CompanyTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_log(**kwargs: Any) -> None:
    """Having a receiver keeps Celery from replacing settings.LOGGING."""


@worker_init.connect
def refuse_bad_start(**kwargs: Any) -> None:
    from servicedesk.checks import refuse_bad_start

    refuse_bad_start()
