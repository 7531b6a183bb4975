"""Server-Sent Events: tells open pages that something changed; the page fetches what it needs through a walled view.

A stream needs no session, no middleware and no database: a signed cookie names company, projects and person. One Redis
subscription per process serves every stream. Events: whatever `tickets.live` publishes, with `id`, `v` and `project` as
JSON; `ping` in silence; `live-down` while Redis is away, `live-up` when news may have been missed (fetch anew).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

import redis
import redis.asyncio
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.core import signing

from tickets import live

logger = logging.getLogger(__name__)

EVENTS_PATH = "/live/events"
HEARTBEAT = 10.0  # seconds of silence after which a ping shows the page (20 s) and proxies that the stream lives
RETRY = 2000  # milliseconds a browser waits before it comes back
SILENCE = 25.0  # seconds without an answer after which Redis counts as gone, although the connection stands
WAITING = 100  # messages a slow browser may be behind before it is told to fetch everything
PER_PERSON = 20  # open streams of one person in one process; the oldest gives way
_EVENT_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_DOWN, _UP = b"event: live-down\ndata: {}\n\n", b"event: live-up\ndata: {}\n\n"


@dataclass(frozen=True)
class Claim:
    """Who listens: what the signed cookie says. `projects` is None for every project of the company."""

    company: int
    projects: frozenset[int] | None
    staff: int
    expires_at: float  # seconds since the epoch

    @classmethod
    def from_cookie(cls, value: str) -> Claim:
        """Raises signing.BadSignature when the cookie is not ours, too old or does not say what it must."""
        content = signing.loads(value, salt=live.SALT, max_age=live.SECONDS)
        signed_at = signing.b62_decode(value.rsplit(":", 2)[1])
        try:
            projects = None if content["p"] is None else frozenset(map(int, content["p"]))
            return cls(int(content["c"]), projects, int(content["s"]), float(signed_at + live.SECONDS))
        except (KeyError, TypeError, ValueError) as error:
            raise signing.BadSignature("not a stream claim") from error

    def may_hear(self, message: dict[str, Any]) -> bool:
        """A message to people reaches those people; any other reaches whoever sees its project."""
        if message.get("staff") is not None:
            return self.staff in message["staff"]
        project = message.get("project")
        return self.projects is None or project is None or project in self.projects


@dataclass(eq=False)
class Stream:
    """One open browser page and what it has yet to be told; None ends it."""

    claim: Claim
    waiting: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(WAITING))

    def tell(self, chunk: bytes) -> None:
        if self.waiting.full():
            self._forget()
            chunk = _UP  # too far behind: everything it missed is in a fresh page
        self.waiting.put_nowait(chunk)

    def end(self) -> None:
        self._forget()
        self.waiting.put_nowait(None)

    def _forget(self) -> None:
        while not self.waiting.empty():
            self.waiting.get_nowait()


class Hub:
    """Every open stream of this process, and the one subscription that feeds them."""

    def __init__(self, redis_url: str, *, heartbeat: float = HEARTBEAT) -> None:
        self._redis_url = redis_url
        self._heartbeat = heartbeat
        self._streams: defaultdict[int, list[Stream]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None
        self._is_up = False
        self._is_closing = False

    def open(self) -> None:
        """Begin to listen. Needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._listen_forever())

    def close(self) -> None:
        """End every stream at once and stop listening. Safe to repeat."""
        self._is_closing = True
        for stream in self._all():
            stream.end()
        if self._task is not None:
            self._task.cancel()

    async def chunks(self, claim: Claim, now: float) -> AsyncGenerator[bytes, None]:
        """What to send to one browser until its cookie expires. `now`: seconds since the epoch."""
        loop = asyncio.get_running_loop()
        end = loop.time() + claim.expires_at - now
        with self._joined(claim) as stream:
            yield f"retry: {RETRY}\n\n".encode()
            if not self._is_up:
                yield _DOWN
            while not self._is_closing and (left := end - loop.time()) > 0:
                try:
                    chunk = await asyncio.wait_for(stream.waiting.get(), min(self._heartbeat, left))
                except TimeoutError:
                    yield b"event: ping\ndata: {}\n\n"
                    continue
                if chunk is None:
                    return
                yield chunk

    @contextlib.contextmanager
    def _joined(self, claim: Claim) -> Iterator[Stream]:
        stream, company = Stream(claim), self._streams[claim.company]
        company.append(stream)
        own = [other for other in company if other.claim.staff == claim.staff]
        if len(own) > PER_PERSON:
            own[0].end()
        try:
            yield stream
        finally:
            company.remove(stream)

    async def _listen_forever(self) -> None:
        while True:
            try:
                await self._listen()
            except (redis.RedisError, OSError) as error:
                if self._is_up:
                    logger.warning("live channel lost: %s", type(error).__name__)
                    self._is_up = False
                    self._tell_all(_DOWN)
                await asyncio.sleep(1)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        async with (
            redis.asyncio.Redis.from_url(self._redis_url, socket_connect_timeout=2) as client,
            client.pubsub() as channel,
        ):
            await channel.psubscribe("live:*")
            heard_at = loop.time()
            while True:
                message = await channel.get_message(timeout=5)
                if message is None:
                    if loop.time() - heard_at > SILENCE:
                        raise redis.ConnectionError("silent")
                    await channel.ping()
                    continue
                heard_at = loop.time()
                if message["type"] == "psubscribe":
                    self._is_up = True
                    self._tell_all(_UP)
                elif message["type"] == "pmessage":
                    self._pass_on(message["channel"], message["data"])

    def _pass_on(self, channel: bytes, data: bytes) -> None:
        try:
            company = int(channel.removeprefix(b"live:"))
            message = json.loads(data)
            chunk = _chunk(message)
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("live message not understood: %s", type(error).__name__)
            return
        for stream in self._streams.get(company, ()):
            if stream.claim.may_hear(message):
                stream.tell(chunk)

    def _tell_all(self, chunk: bytes) -> None:
        for stream in self._all():
            stream.tell(chunk)

    def _all(self) -> list[Stream]:
        return [stream for company in self._streams.values() for stream in company]


def _chunk(message: dict[str, Any]) -> bytes:
    if not _EVENT_NAME.fullmatch(message["event"]):
        raise ValueError("event name")
    shown = {key: message.get(key) for key in ("id", "v", "project")}  # never whom else it concerns
    return f"event: {message['event']}\ndata: {json.dumps(shown)}\n\n".encode()


async def serve_events(hub: Hub, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """The endpoint: 403 without a valid cookie, else a stream until the cookie expires or the browser leaves."""
    claim = _claim(scope)
    if claim is None or scope["method"] != "GET":
        await _refuse(send, 403 if claim is None else 405)
        return
    headers = [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})

    async def pump() -> None:
        async with contextlib.aclosing(hub.chunks(claim, time.time())) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.create_task(pump()), asyncio.create_task(leave())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _claim(scope: HTTPScope) -> Claim | None:
    try:
        cookies = SimpleCookie(
            "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
        )
        return Claim.from_cookie(cookies[live.COOKIE].value)
    except (KeyError, CookieError, signing.BadSignature):
        return None


async def _refuse(send: ASGISendCallable, status: int) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
