"""The async client over a real server: it waits, retries, pages and follows like the other one."""

import asyncio
from contextlib import aclosing

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve

from libs.client import ApiError, AsyncClient, Unreachable


def client(*answers: httpx.Response, asked: list[httpx.Request] | None = None) -> AsyncClient:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return left.pop(0) if len(left) > 1 else left[0]

    return AsyncClient("http://gateway", patience_s=1, transport=httpx.MockTransport(answer))


async def test_a_post_is_sent_again_under_the_same_key() -> None:
    asked: list[httpx.Request] = []
    started = {"training_id": "t1", "status": "queued"}
    answers = (httpx.Response(503), httpx.Response(200, json=started))
    async with client(*answers, asked=asked) as waiting:
        assert await waiting.start_training("logos") == started
    assert len({each.headers["Idempotency-Key"] for each in asked}) == 1
    assert len(asked) == 2


async def test_work_is_waited_for_while_others_go_on() -> None:
    at = {"Location": "/api/v1/ml/dataset/validate/v"}
    under_way = httpx.Response(202, json={"id": "v", "status": "running"}, headers=at)
    done = httpx.Response(200, json={"validation_id": "v", "status": "completed", "valid": True})
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    async with client(under_way, under_way, done) as waiting, asyncio.timeout(10):
        other = asyncio.create_task(tick())
        assert (await waiting.validate_dataset("logos"))["valid"]
        other.cancel()
    assert ticks > 3


async def test_pages_are_asked_for_as_they_are_read() -> None:
    link = {"Link": '</api/v1/ml/dataset/validate/v/findings?cursor=1>; rel="next"'}
    pages = (httpx.Response(200, json=[{"rule": "a"}], headers=link), httpx.Response(200, json=[]))
    async with client(*pages) as waiting:
        assert [each["rule"] async for each in waiting.dataset_findings("v")] == ["a"]


async def test_refusals_and_silence_are_told_apart() -> None:
    async with client(httpx.Response(404, json={"detail": "no such job"})) as waiting:
        with pytest.raises(ApiError, match="no such job"):
            await waiting.training("t")
    async with AsyncClient("http://127.0.0.1:9", patience_s=0.1) as waiting:
        with pytest.raises(Unreachable):
            await waiting.status()


async def test_the_log_is_followed_over_a_dropped_line_without_gap_or_double() -> None:
    lines = 0

    async def handle(connection: ServerConnection) -> None:
        nonlocal lines
        lines += 1
        for seq in (1, 2) if lines == 1 else (2, 3):
            await connection.send(f'{{"type":"a","subject":"j","data":{{}},"seq":{seq}}}')

    async with serve(handle, "127.0.0.1", 0) as server, asyncio.timeout(10):
        port = next(iter(server.sockets)).getsockname()[1]
        seen = []
        async with (
            AsyncClient(f"http://127.0.0.1:{port}") as waiting,
            aclosing(waiting.events()) as events,
        ):
            async for event in events:
                seen.append(event.seq)
                if event.seq == 3:
                    break
    assert seen == [1, 2, 3]
