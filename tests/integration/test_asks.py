"""Questions over a real bus: answers, errors of ours, and nobody there."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from libs.common.asks import MOST_BYTES, Answer, answer_questions, ask
from libs.common.bus import Bus
from libs.common.errors import BadInput, NotFound, TransientError, Unavailable


async def double(fields: dict[str, Any]) -> bytes:
    return orjson.dumps({"twice": 2 * fields["n"]})


async def missing(fields: dict[str, Any]) -> bytes:
    raise NotFound("there is no such thing", code="no_thing")


async def broken(fields: dict[str, Any]) -> bytes:
    raise ZeroDivisionError


async def huge(fields: dict[str, Any]) -> bytes:
    return b"x" * (MOST_BYTES + 1)


@asynccontextmanager
async def answering(bus: Bus, answers: Mapping[str, Answer]) -> AsyncIterator[None]:
    task = asyncio.create_task(answer_questions(bus, "dataset", answers))
    await bus.nc.flush()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_question_is_answered(bus: Bus) -> None:
    async with answering(bus, {"double": double}):
        answers = await asyncio.gather(
            *(ask(bus, "dataset", "double", {"n": n}) for n in range(40))
        )
    assert [orjson.loads(each)["twice"] for each in answers] == [2 * n for n in range(40)]


async def test_what_the_service_raises_is_raised_at_the_asker(bus: Bus) -> None:
    async with answering(bus, {"missing": missing, "broken": broken, "huge": huge}):
        with pytest.raises(NotFound, match="no such thing") as raised:
            await ask(bus, "dataset", "missing", {})
        assert raised.value.code == "no_thing"
        with pytest.raises(NotFound, match="knows this question"):
            await ask(bus, "dataset", "other", {})
        with pytest.raises(BadInput, match="over 1 MB"):
            await ask(bus, "dataset", "huge", {})
        with pytest.raises(TransientError, match="its log says why"):
            await ask(bus, "dataset", "broken", {})


async def test_a_service_that_is_away_is_said_to_be_so(bus: Bus) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await ask(bus, "dataset", "double", {"n": 1}, timeout_s=0.5)
