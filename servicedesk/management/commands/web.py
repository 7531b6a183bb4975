"""The web server: the site on lasting threads and the event streams on asyncio, behind one port."""

from __future__ import annotations

import os
import socket
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Server(uvicorn.Server):
    """Ends the open event streams before it waits for the remaining requests; they would never end by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        from servicedesk.asgi import hub

        hub.close()
        await super().shutdown(sockets)


class Command(BaseCommand):
    help = "Serve the site. HOST and PORT choose the address; FORWARDED_ALLOW_IPS names the proxies to believe."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *args: Any, **options: Any) -> None:
        config = uvicorn.Config(
            "servicedesk.asgi:application",
            host=options["host"],
            port=options["port"],
            log_config=None,  # settings.LOGGING is in force
            access_log=False,  # our own line has the request's id and no address
            proxy_headers=True,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=5,
        )
        server = Server(config)
        server.run()
        if not server.started:
            raise CommandError("The web server did not start.", returncode=3)
