"""Questions that are answered at once, over the bus: reads that need no job and leave no fact.

The gateway asks (`ask.<area>.<question>`), any instance of the service answers. Questions are for
reading what is stored (panels, pages, pictures): what changes anything is a request in the log.
An answer is bytes of at most 1 MB: page what may be longer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import nats.errors
import orjson
from nats.aio.msg import Msg

from libs.common import subjects, tracing
from libs.common.bus import Bus, raise_if_cancelled
from libs.common.errors import (
    BadInput,
    Conflict,
    NotFound,
    PermanentError,
    ShirushiError,
    TransientError,
    Unavailable,
)

log = logging.getLogger(__name__)

ASK_S = 10.0
AT_ONCE = 8
MOST_BYTES = 1_000_000
ERROR, CODE = "Shirushi-Error", "Shirushi-Code"
WITHIN = "traceparent"

Answer = Callable[[dict[str, Any]], Awaitable[bytes]]
"""From the question's fields to the answer's bytes; raises errors of ours."""

_ERRORS: dict[str, type[ShirushiError]] = {
    kind.__name__: kind
    for kind in (BadInput, Conflict, NotFound, PermanentError, TransientError, Unavailable)
}


async def ask(
    bus: Bus, area: str, question: str, fields: dict[str, Any], *, timeout_s: float = ASK_S
) -> bytes:
    """Ask the services of an area, and give back what one of them answers.

    Raises:
        Unavailable: none is there, or none answers in time.
        ShirushiError: what the service raised: NotFound, BadInput, Conflict, ….
    """
    subject = subjects.question(area, question)
    return await _ask(bus, subject, f"the {area} service", fields, timeout_s)


async def ask_gpu(
    bus: Bus, host: str, question: str, fields: dict[str, Any], *, timeout_s: float = ASK_S
) -> bytes:
    """As `ask`, of the owner of a host's cards."""
    subject = subjects.gpu(question, host)
    return await _ask(bus, subject, f"the trainer of {host}", fields, timeout_s)


async def _ask(bus: Bus, subject: str, who: str, fields: dict[str, Any], timeout_s: float) -> bytes:
    try:
        with tracing.span(f"ask {who}", "client", messaging__destination__name=subject):
            within = tracing.traceparent()
            headers = {WITHIN: within} if within else None
            reply = await bus.nc.request(
                subject, orjson.dumps(fields), timeout=timeout_s, headers=headers
            )
    except (nats.errors.Error, TimeoutError) as error:
        raise Unavailable(f"{who} does not answer: try again", code="service_away") from error
    told_by = reply.headers or {}
    if kind := told_by.get(ERROR):
        told = _ERRORS.get(kind, TransientError)
        raise told(reply.data.decode(), code=told_by.get(CODE))
    return bytes(reply.data)


async def answer_questions(bus: Bus, area: str, answers: Mapping[str, Answer]) -> None:
    """Answer the questions of an area until cancelled, several at a time.

    Args:
        bus: ours.
        area: `dataset`, `training` or `analysis`.
        answers: by the question's name.
    """
    await _answer_all(bus, subjects.question(area, "*"), area, answers)


async def answer_gpu_questions(bus: Bus, host: str, answers: Mapping[str, Answer]) -> None:
    """As `answer_questions`, as the owner of a host's cards."""
    await _answer_all(bus, subjects.gpu("*", host), "gpu", answers)


async def _answer_all(bus: Bus, pattern: str, queue: str, answers: Mapping[str, Answer]) -> None:
    subscription = await bus.nc.subscribe(pattern, queue=queue)
    token = pattern.split(".").index("*")
    places = asyncio.Semaphore(AT_ONCE)
    try:
        async with asyncio.TaskGroup() as group:
            async for message in subscription.messages:
                raise_if_cancelled()
                await places.acquire()
                answer = answers.get(message.subject.split(".")[token])
                task = group.create_task(_reply(bus, message, answer))
                task.add_done_callback(lambda _: places.release())
    finally:
        with suppress(nats.errors.Error):
            await subscription.unsubscribe()


async def _reply(bus: Bus, message: Msg, answer: Answer | None) -> None:
    if not message.reply:
        return
    headers: dict[str, str] = {}
    try:
        within = (message.headers or {}).get(WITHIN)
        with tracing.continued(within), tracing.span("answer", "server"):
            data = await _answer(message, answer)
    except ShirushiError as error:
        kind = next(k.__name__ for k in type(error).__mro__ if k.__name__ in _ERRORS)
        headers = {ERROR: kind, CODE: error.code}
        data = error.message[:2000].encode()
    except Exception:
        log.exception("a question could not be answered", extra={"subject": message.subject})
        headers = {ERROR: "TransientError", CODE: "internal_error"}
        data = b"The service failed to answer; its log says why."
    with suppress(nats.errors.Error):
        await bus.nc.publish(message.reply, data, headers=headers or None)


async def _answer(message: Msg, answer: Answer | None) -> bytes:
    if answer is None:
        raise NotFound("nobody here knows this question", code="unknown_question")
    try:
        fields = orjson.loads(message.data)
    except orjson.JSONDecodeError as error:
        raise BadInput("the question is no JSON", code="bad_question") from error
    if not isinstance(fields, dict):
        raise BadInput("the question is no JSON object", code="bad_question")
    data = await answer(fields)
    if len(data) > MOST_BYTES:
        raise BadInput(
            "the answer is over 1 MB: ask for fewer rows at a time", code="answer_too_large"
        )
    return data
