"""Telling browsers that something changed: a name and an id, straight to Redis after the commit, best effort.

The browser then fetches what it needs through the ordinary, walled view. Nothing here may fail a request: with Redis
away the boards poll.
"""

from __future__ import annotations

import functools
import json
import logging
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings
from django.core import signing
from django.db import transaction

if TYPE_CHECKING:
    from residents.models import Staff
    from tickets.models import Ticket

log = logging.getLogger(__name__)
COOKIE, SALT, SECONDS = "sd_live", "live", 300


@functools.cache
def _client() -> redis.Redis:
    # Short time-outs and no retry: a frozen Redis must not freeze the desk.
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None)


def publish(company_id: int, message: dict[str, Any]) -> None:
    """Send now. Losing it is allowed, raising is not."""
    try:
        _client().publish(f"live:{company_id}", json.dumps(message))
    except redis.RedisError as error:
        log.warning("live message not sent: %s", type(error).__name__)


def publish_on_commit(ticket: Ticket, event: str, *, staff: list[int] | None = None) -> None:
    """Announce a change of a ticket to its project, or to some people only, once the transaction has committed."""
    company_id = ticket.company_id
    message = {
        "event": event,
        "id": str(ticket.public_id),
        "v": ticket.version,
        "project": ticket.project_id,
        "staff": staff,
    }
    transaction.on_commit(functools.partial(publish, company_id, message))


def stream_token(staff: Staff) -> str:
    """The signed content of the stream cookie: company, visible projects (None for all) and person; 5 minutes."""
    projects = staff.project_ids
    claim = {"c": staff.company_id, "p": sorted(projects) if projects is not None else None, "s": staff.pk}
    return signing.dumps(claim, salt=SALT)
