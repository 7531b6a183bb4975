"""The event stream tells the right people that something changed, and nothing else to anybody."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis.asyncio
import time_machine
from django.conf import settings
from django.core import signing

from servicedesk.stream import WAITING, Claim, Hub, serve_events
from tickets import live

COMPANY = 4_000_000_001  # of no other test: the channel is shared with whatever runs beside this


def claim(*, company: int = COMPANY, projects: set[int] | None = None, staff: int = 1, seconds: float = 60) -> Claim:
    chosen = frozenset(projects) if projects is not None else None
    return Claim(company, chosen, staff, expires_at=time.time() + seconds)


def message(**changed: Any) -> dict[str, Any]:
    return {"event": "ticket", "id": "b7e1", "v": 3, "project": 5, "staff": None, **changed}


def run(test: Coroutine[Any, Any, None]) -> None:
    async def with_limit() -> None:
        async with asyncio.timeout(20):
            await test

    asyncio.run(with_limit())


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[Hub]:
    hub = Hub(settings.REDIS_URL, **options)
    hub.open()
    try:
        yield hub
    finally:
        hub.close()


async def publish(content: dict[str, Any] | str, company: int = COMPANY) -> None:
    data = content if isinstance(content, str) else json.dumps(content)
    async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
        await client.publish(f"live:{company}", data)


class Listener:
    """A browser: collects what one stream sends until it ends."""

    def __init__(self, hub: Hub, who: Claim) -> None:
        self.chunks: list[bytes] = []
        self._news = asyncio.Condition()
        self.task = asyncio.create_task(self._read(hub, who))

    async def _read(self, hub: Hub, who: Claim) -> None:
        async for chunk in hub.chunks(who, time.time()):
            async with self._news:
                self.chunks.append(chunk)
                self._news.notify_all()

    async def until(self, text: str) -> None:
        async with self._news:
            await self._news.wait_for(lambda: text in self.text)

    @property
    def text(self) -> str:
        return b"".join(self.chunks).decode()


@pytest.mark.parametrize(
    ("who", "said", "hears"),
    [
        (claim(projects=None), message(), True),
        (claim(projects={5}), message(), True),
        (claim(projects={6}), message(), False),
        (claim(projects=set()), message(project=None), True),
        (claim(projects={6}, staff=9), message(staff=[9]), True),
        (claim(projects={5}, staff=8), message(staff=[9]), False),
        (claim(projects=None), message(staff=[]), False),
    ],
)
def test_a_message_reaches_its_project_or_its_people(who: Claim, said: dict[str, Any], hears: bool) -> None:
    assert who.may_hear(said) is hears


def test_a_published_change_arrives_without_saying_whom_else_it_concerns() -> None:
    async def test() -> None:
        async with opened() as hub:
            mine, other = Listener(hub, claim(staff=9)), Listener(hub, claim(company=COMPANY + 1))
            await asyncio.gather(mine.until("live-up"), other.until("live-up"))

            await publish(message(staff=[9, 10]))
            await mine.until("event: ticket")
            await publish(message(event="end"), COMPANY + 1)
            await other.until("event: end")

        assert mine.chunks[-1] == b'event: ticket\ndata: {"id": "b7e1", "v": 3, "project": 5}\n\n'
        assert "event: ticket" not in other.text

    run(test())


@pytest.mark.parametrize("rubbish", ["no json", "[]", '{"event": "two\\nlines"}', '{"id": 1}', '{"event": 7}'])
def test_a_message_nobody_understands_harms_no_stream(rubbish: str) -> None:
    async def test() -> None:
        async with opened() as hub:
            listener = Listener(hub, claim())
            await listener.until("live-up")

            await publish(rubbish)
            await publish(message())
            await listener.until("event: ticket")

        assert listener.text.count("event:") == listener.text.count("event: live-") + 1

    run(test())


def test_a_page_that_falls_behind_is_told_to_fetch_everything() -> None:
    async def test() -> None:
        hub = Hub(settings.REDIS_URL)
        chunks = hub.chunks(claim(), time.time())
        await anext(chunks)

        for number in range(WAITING + 1):
            hub._pass_on(f"live:{COMPANY}".encode(), json.dumps(message(v=number)).encode())

        assert [await anext(chunks), await anext(chunks)] == [
            b"event: live-down\ndata: {}\n\n",
            b"event: live-up\ndata: {}\n\n",
        ]
        await chunks.aclose()

    run(test())


def test_a_stream_ends_with_its_cookie_and_speaks_while_nothing_happens() -> None:
    async def test() -> None:
        async with opened(heartbeat=0.05) as hub:
            listener = Listener(hub, claim(seconds=0.5))

            await listener.task

        assert listener.text.startswith("retry: 2000\n\n")
        assert "event: ping\ndata: {}\n\n" in listener.text

    run(test())


def test_closing_ends_every_stream_at_once() -> None:
    async def test() -> None:
        async with opened() as hub:
            listeners = [Listener(hub, claim(staff=number)) for number in range(50)]
            await asyncio.gather(*(listener.until("live-up") for listener in listeners))

            hub.close()
            await asyncio.gather(*(listener.task for listener in listeners))

    run(test())


def test_the_oldest_of_too_many_pages_of_one_person_gives_way() -> None:
    async def test() -> None:
        async with opened() as hub:
            listeners = [Listener(hub, claim()) for _ in range(21)]

            await listeners[0].task

            assert not any(listener.task.done() for listener in listeners[1:])

    run(test())


def test_pages_hear_of_a_lost_redis() -> None:
    async def test() -> None:
        hub = Hub("redis://127.0.0.1:1/0")
        hub.open()
        listener = Listener(hub, claim())

        await listener.until("live-down")
        hub.close()

    run(test())


def cookie(content: Any, *, key: str | None = None) -> list[tuple[bytes, bytes]]:
    value = signing.dumps(content, key=key, salt=live.SALT)
    return [(b"cookie", f"other=1; {live.COOKIE}={value}".encode())]


async def status_of(headers: list[tuple[bytes, bytes]], method: str = "GET") -> int:
    sent: list[Any] = []
    left = asyncio.Event()

    async def receive() -> Any:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        sent.append(event)
        left.set()

    scope: Any = {"type": "http", "method": method, "path": "/live/events", "headers": headers}
    await serve_events(Hub(settings.REDIS_URL), scope, receive, send)
    status: int = sent[0]["status"]
    return status


GOOD = {"c": 1, "p": [2], "s": 3}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # Signed when the test runs: a cookie made while tests are collected may be too old by then.
        pytest.param(lambda: cookie(GOOD), 200, id="good"),
        pytest.param(lambda: cookie({"c": 1, "p": None, "s": 3}), 200, id="every project"),
        pytest.param(list, 403, id="none"),
        pytest.param(lambda: [(b"cookie", b"sd_live=nonsense")], 403, id="nonsense"),
        pytest.param(lambda: cookie(GOOD, key="somebody else's key"), 403, id="another key"),
        pytest.param(lambda: cookie({"c": 1}), 403, id="no person"),
        pytest.param(lambda: cookie(["c"]), 403, id="no claim"),
    ],
)
def test_only_our_own_cookie_opens_a_stream(headers: Callable[[], list[tuple[bytes, bytes]]], status: int) -> None:
    assert asyncio.run(status_of(headers())) == status


def test_a_cookie_older_than_five_minutes_opens_nothing() -> None:
    with time_machine.travel(time.time() - live.SECONDS - 1):
        old = cookie(GOOD)

    assert asyncio.run(status_of(old)) == 403


def test_only_reading_is_allowed() -> None:
    assert asyncio.run(status_of(cookie(GOOD), method="POST")) == 405


def test_a_stream_never_outlives_the_five_minutes_of_its_cookie() -> None:
    value = signing.dumps(GOOD, salt=live.SALT)

    assert Claim.from_cookie(value).expires_at <= time.time() + live.SECONDS
