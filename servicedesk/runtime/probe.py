"""Health checks of the containers, which have no curl: `python -m servicedesk.runtime.probe web|sweep|beat FILE`."""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2

SWEEP_MAY_BE = 30  # seconds since the last finished sweep
SCHEDULE_MAY_BE = 400  # seconds; the beat writes its schedule every three minutes


def web() -> bool:
    """The process answers. Not /readyz: with Redis away the desk still works and must stay in service."""
    known = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    with closing(http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=3)) as connection:
        connection.request("GET", "/healthz", headers={"Host": "localhost" if known == "*" else known})
        return connection.getresponse().status == 200


def sweep() -> bool:
    """A sweep has ended lately, whoever drove it."""
    with (
        closing(psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT coalesce(max(finished_at) > now() - make_interval(secs => %s), false) FROM tickets_sweeprun",
            [SWEEP_MAY_BE],
        )
        (is_recent,) = cursor.fetchone() or (False,)
        return bool(is_recent)


def beat(schedule: str) -> bool:
    """The beat still writes its schedule, a file of this name with an ending of the platform's choice."""
    path = Path(schedule)
    return any(time.time() - file.stat().st_mtime < SCHEDULE_MAY_BE for file in path.parent.glob(f"{path.name}*"))


PROBES: dict[str, Callable[..., bool]] = {"web": web, "sweep": sweep, "beat": beat}

if __name__ == "__main__":
    try:
        is_well = PROBES[sys.argv[1]](*sys.argv[2:])
    except (OSError, http.client.HTTPException, psycopg2.Error) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    sys.exit(0 if is_well else 1)
