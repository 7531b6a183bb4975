"""One port: the site as WSGI on lasting threads, with their lasting database connections, and the event stream on
asyncio, which needs neither thread nor database per open browser."""

from __future__ import annotations

import asyncio
import os
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, LifespanScope, Scope
from django.core.management.base import SystemCheckError
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
_wsgi = get_wsgi_application()

from django.conf import settings  # noqa: E402 - Django is set up from here on

from servicedesk.checks import refuse_bad_start  # noqa: E402
from servicedesk.stream import EVENTS_PATH, Hub, serve_events  # noqa: E402

hub = Hub(settings.REDIS_URL)
_site: Any = WSGIMiddleware(cast(Any, _wsgi), workers=settings.WEB_THREADS)


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    if scope["type"] == "lifespan":
        await _live_and_die(scope, receive, send)
    elif scope["type"] == "http" and scope["path"] == EVENTS_PATH:
        await serve_events(hub, scope, receive, send)
    elif scope["type"] == "http":
        await _site(scope, receive, send)


async def _live_and_die(scope: LifespanScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    await receive()
    try:
        await asyncio.to_thread(refuse_bad_start)
    except SystemCheckError as refusal:
        await send({"type": "lifespan.startup.failed", "message": str(refusal)})
        return
    hub.open()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    hub.close()
    await send({"type": "lifespan.shutdown.complete"})
