"""What Celery rings for. The work is in the functions called; a lost or doubled ring changes nothing."""

from __future__ import annotations

from celery import shared_task

from tickets import outbox, purging
from tickets.sla import audit as auditing
from tickets.sla import sweep as sweeping


@shared_task(ignore_result=True, soft_time_limit=10, time_limit=20)
def sweep() -> int:
    """Fire what is due in every company; rung every second on queue `sla`."""
    return sweeping.sweep(driver="celery").fired


@shared_task(ignore_result=True, soft_time_limit=30, time_limit=60)
def relay() -> int:
    """Do what the outbox holds; rung every second."""
    return outbox.relay()


@shared_task(ignore_result=True, soft_time_limit=30, time_limit=60)
def audit() -> list[str]:
    """Look for what the sweep should have caught and did not; rung every minute."""
    return auditing.audit()


@shared_task(ignore_result=True, soft_time_limit=40, time_limit=60)
def purge() -> int:
    """Delete what has done its work long ago; rung every hour."""
    return purging.purge()
