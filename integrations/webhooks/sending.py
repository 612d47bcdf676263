"""One hook's task: each event it wants, one after the other, until the receiver took it."""

import asyncio
import logging
import time
from dataclasses import replace

import httpx
import orjson

from integrations.log import Places
from integrations.webhooks.config import Hook
from integrations.webhooks.history import Delivery, History
from integrations.webhooks.signing import signed
from libs.common.bus import Bus, Raw
from libs.common.cloudevents import CONTENT_TYPE

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
SKIPPED = 200  # events nobody wanted, after which the place is kept all the same


class Sender:
    """Delivers to one hook. Order is kept; a receiver sees an event again only by its id."""

    def __init__(
        self, hook: Hook, places: Places, client: httpx.AsyncClient, *, first_wait_s: float
    ) -> None:
        self.hook = hook
        self.places = places
        self.history = History(places)
        self.client = client
        self.first_wait_s = first_wait_s

    async def run(self, bus: Bus) -> None:
        """Until cancelled."""
        place = self.places.of(self.hook.name)
        if place is None:
            place = 0 if self.hook.start == "first" else await bus.last_sequence()
            self.places.keep(self.hook.name, place)
        async for raw in bus.follow(after=place):
            event = envelope(raw)
            if event is not None and self.hook.wants(event["type"]):
                await self.deliver(raw, event)
            elif raw.seq - place < SKIPPED:
                continue
            place = raw.seq
            self.places.keep(self.hook.name, place)

    async def deliver(self, raw: Raw, event: dict[str, str]) -> None:
        """Try until it is taken, or was refused for longer than the hook's patience."""
        began = time.monotonic()
        delivery = Delivery(
            self.hook.name, raw.seq, event["id"], event["type"], 0, "waiting", "", time.time()
        )
        while delivery.state == "waiting":
            status, answer, wait_s = await self._send(raw, event)
            tries = delivery.tries + 1
            delivery = replace(delivery, tries=tries, answer=answer, at=time.time())
            if 200 <= status < 300:
                delivery = replace(delivery, state="taken")
            elif time.monotonic() - began >= self.hook.give_up_after_s:
                delivery = replace(delivery, state="given_up")
                log.error(
                    "event given up", extra={"hook": self.hook.name, "seq": raw.seq, "said": answer}
                )
            self.history.note(delivery)
            if delivery.state == "waiting":
                log.warning(
                    "not taken, trying again", extra={"hook": self.hook.name, "said": answer}
                )
                back_off = self.first_wait_s * 2 ** min(tries - 1, 20)
                await asyncio.sleep(min(max(wait_s, back_off), LONGEST_WAIT_S))

    async def _send(self, raw: Raw, event: dict[str, str]) -> tuple[int, str, float]:
        """HTTP status (0 for none), what was said, seconds that the receiver asks us to wait."""
        body, headers = message(self.hook, raw, event)
        headers |= signed(self.hook.secret.get_secret_value(), event["id"], int(time.time()), body)
        try:
            # the answer's body is of no use, and may be endless: only its head is read
            async with self.client.stream(
                "POST", self.hook.url, content=body, headers=headers, timeout=self.hook.timeout_s
            ) as response:
                return response.status_code, str(response.status_code), _wait_s(response)
        except httpx.HTTPError as error:
            return 0, type(error).__name__, 0.0


def envelope(raw: Raw) -> dict[str, str] | None:
    """id, type, source, subject and time of a stored event; None for what is no event of ours."""
    try:
        event = orjson.loads(raw.payload)
        return {name: str(event[name]) for name in ("id", "type", "source", "subject", "time")}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def message(hook: Hook, raw: Raw, event: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Body and headers by the HTTP binding of CloudEvents 1.0.

    The extension `sequence` is the event's place in the log.
    """
    if hook.format == "structured":
        return raw.payload, {"content-type": CONTENT_TYPE, "shirushi-seq": str(raw.seq)}
    data = orjson.dumps(orjson.loads(raw.payload)["data"])
    named = {f"ce-{name}": value for name, value in event.items()}
    return data, named | {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-sequence": str(raw.seq),
        "shirushi-seq": str(raw.seq),
    }


def _wait_s(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() and len(text) < 7 else 0.0
