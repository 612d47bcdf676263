"""Webhooks on a real bus and a real receiver: in order, once by id, whatever happens between."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks.webhooks import Webhook

from deploy.ports import free_ports
from integrations.log import Places, ReaderSettings
from integrations.webhooks.config import Hook
from integrations.webhooks.history import Delivery, History
from integrations.webhooks.sending import Sender
from libs.common.bus import Bus
from libs.common.events import HostDrained
from tests.conftest import ROOT

SECRET = "whsec_c2hpcnVzaGktdGVzdC1zZWNyZXQtMDEyMw=="
WITHIN_S = 20.0
QUICK_S = 0.01


class Receiver:
    """An HTTP server of our own; `statuses` are its next answers, then 204."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/in"
        self.port = port
        self.statuses: list[str] = []
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.endless = False

    @property
    def sequences(self) -> list[int]:
        return [int(headers["shirushi-seq"]) for headers, _ in self.taken]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                lines = (line.split(": ", 1) for line in head[1:] if line)
                headers = {name.lower(): value for name, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                status = self.statuses.pop(0) if self.statuses else "204 No Content"
                if status.startswith("2"):
                    self.taken.append((headers, body))
                if self.endless:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")
                    while True:
                        writer.write(b"x" * 65536)
                        await writer.drain()
                more = "" if status.startswith("204") else "content-length: 0\r\n"
                writer.write(f"HTTP/1.1 {status}\r\n{more}\r\n".encode())
                await writer.drain()
        writer.close()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.taken) < count:
                await asyncio.sleep(0.005)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(free_ports(1)[0])


def hook(receiver: Receiver, **fields: Any) -> Hook:
    given = {"name": "h", "url": receiver.url, "secret": SECRET, "start": "first"}
    return Hook.model_validate(given | fields)


async def tell(bus: Bus, *hosts: str) -> None:
    for host in hosts:
        await bus.publish(HostDrained(job_id="d", host=host, worker=f"{host}:1", request_seq=0))


@asynccontextmanager
async def sending(bus: Bus, folder: Path, hook: Hook) -> AsyncIterator[Places]:
    with Places(folder) as places:
        async with httpx.AsyncClient(trust_env=False) as client:
            sender = Sender(hook, places, client, first_wait_s=QUICK_S)
            task = asyncio.create_task(sender.run(bus))
            try:
                yield places
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def test_a_receiver_that_was_away_gets_everything_in_order_once(
    bus: Bus, tmp_path: Path, receiver: Receiver
) -> None:
    async with sending(bus, tmp_path, hook(receiver)) as places:
        await tell(bus, *(f"h{number}" for number in range(30)))
        async with asyncio.timeout(WITHIN_S):
            while not (waiting := History(places).newest()) or waiting[0].tries < 3:
                await asyncio.sleep(0.01)
        assert [(each.seq, each.state) for each in waiting] == [(1, "waiting")]
        async with receiver.listening():
            await receiver.has(30)
            await asyncio.sleep(0.05)
    assert receiver.sequences == list(range(1, 31))
    for headers, body in receiver.taken:
        told = Webhook(SECRET).verify(body, headers)
        assert told["id"] == headers["webhook-id"]
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 30
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(receiver.taken[0][1] + b" ", receiver.taken[0][0])


async def test_what_is_refused_is_tried_again_and_nothing_overtakes_it(
    bus: Bus, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.statuses = ["500 Broken", "429 Slowly\r\nretry-after: 0", "404 Gone", "302 Moved"]
    async with receiver.listening(), sending(bus, tmp_path, hook(receiver)) as places:
        await tell(bus, "a", "b")
        await receiver.has(2)
        await asyncio.sleep(0.05)
        assert [(each.seq, each.tries, each.state) for each in History(places).newest()] == [
            (1, 5, "taken"),
            (2, 1, "taken"),
        ]
    assert receiver.sequences == [1, 2]


async def test_after_a_restart_it_goes_on_where_it_was(
    bus: Bus, tmp_path: Path, receiver: Receiver
) -> None:
    async with receiver.listening():
        await tell(bus, "a", "b", "c")
        async with sending(bus, tmp_path, hook(receiver)) as places:
            await receiver.has(3)
            async with asyncio.timeout(WITHIN_S):
                while places.of("h") != 3:
                    await asyncio.sleep(0.005)
        await tell(bus, "d")
        async with sending(bus, tmp_path, hook(receiver)):
            await receiver.has(4)
    assert receiver.sequences == [1, 2, 3, 4]


async def test_a_new_hook_begins_with_what_comes_unless_it_asks_for_all(
    bus: Bus, tmp_path: Path, receiver: Receiver
) -> None:
    await tell(bus, "before")
    async with (
        receiver.listening(),
        sending(bus, tmp_path, hook(receiver, start="now")) as places,
    ):
        async with asyncio.timeout(WITHIN_S):
            while places.of("h") is None:
                await asyncio.sleep(0.005)
        await tell(bus, "after")
        await receiver.has(1)
    assert receiver.sequences == [2]


async def test_only_the_wanted_kinds_are_sent(bus: Bus, tmp_path: Path, receiver: Receiver) -> None:
    wanting = hook(receiver, types=["training.*"])
    async with receiver.listening(), sending(bus, tmp_path, wanting) as places:
        await tell(bus, *(f"h{number}" for number in range(450)))
        async with asyncio.timeout(WITHIN_S):
            while (places.of("h") or 0) < 400:
                await asyncio.sleep(0.005)
    assert receiver.taken == []


async def test_an_event_that_nobody_takes_is_skipped_after_the_patience_and_told(
    bus: Bus, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.statuses = ["400 No"] * 3
    impatient = hook(receiver, give_up_after_s=0.001)
    async with receiver.listening(), sending(bus, tmp_path, impatient) as places:
        await tell(bus, "a", "b", "c", "d")
        await receiver.has(1)
        states = {each.seq: each.state for each in History(places).newest()}
    assert states[1] == "given_up"
    assert receiver.sequences[0] <= 4


@pytest.mark.parametrize("form", ["structured", "binary"])
async def test_the_message_is_a_cloudevent_to_its_own_library(
    bus: Bus, tmp_path: Path, receiver: Receiver, form: str
) -> None:
    async with receiver.listening(), sending(bus, tmp_path, hook(receiver, format=form)):
        await tell(bus, "gpu-box")
        await receiver.has(1)
    headers, body = receiver.taken[0]
    event = from_http_event(HTTPMessage(headers, body), JSONFormat())
    assert isinstance(event, CloudEvent)
    assert event.get_type() == "host.drained.v1"
    assert event.get_subject() == "d"
    assert event.get_id() == headers["webhook-id"]
    data = event.get_data()
    assert isinstance(data, dict)
    assert data["host"] == "gpu-box"


async def test_an_answer_without_end_is_not_read(
    bus: Bus, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.endless = True
    async with receiver.listening(), sending(bus, tmp_path, hook(receiver)):
        await tell(bus, "a", "b")
        await receiver.has(2)
    assert receiver.sequences == [1, 2]


async def test_killed_and_started_again_the_command_loses_nothing(
    bus: Bus, nats_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    (tmp_path / "readers.json").write_text(
        json.dumps({"url": nats_url, "user": "reader", "password": "none", "stream": "EVENTS"})
    )
    hooks = tmp_path / "hooks.yaml"
    hooks.write_text(
        f"hooks:\n- {{name: h, url: '{receiver.url}', secret_env: HOOK, start: first}}\n"
    )
    command = [sys.executable, "-m", "integrations.webhooks"]
    environment = os.environ | {"SHIRUSHI_HOME": str(tmp_path), "HOOK": SECRET}

    async def started() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command, str(hooks), cwd=ROOT, env=environment, stderr=asyncio.subprocess.DEVNULL
        )

    telling = asyncio.create_task(tell(bus, *(f"h{number}" for number in range(300))))
    async with receiver.listening():
        process = await started()
        try:
            for count in (20, 60):
                await receiver.has(count)
                process.kill()
                await process.wait()
                process = await started()
            await telling
            async with asyncio.timeout(WITHIN_S):
                while receiver.sequences[-1] != 300:
                    await asyncio.sleep(0.01)
        finally:
            process.terminate()
            assert await process.wait() == 0
    once = list(dict.fromkeys(receiver.sequences))
    assert once == list(range(1, 301))
    ids = {headers["webhook-id"]: headers["shirushi-seq"] for headers, _ in receiver.taken}
    assert len(ids) == 300
    assert len(receiver.taken) <= 300 + 2
    asked = await asyncio.create_subprocess_exec(
        *(*command, "history", "--json"),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    told = json.loads((await asked.communicate())[0])
    assert [Delivery(**row).state for row in told] == ["taken"] * 50
    assert SECRET not in json.dumps(told)


async def test_without_a_running_system_it_says_what_to_do(tmp_path: Path) -> None:
    hooks = tmp_path / "hooks.yaml"
    hooks.write_text("hooks:\n- {name: h, url: 'https://h.example/', secret_env: HOOK}\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "integrations.webhooks", str(hooks)),
        cwd=ROOT,
        env=os.environ | {"SHIRUSHI_HOME": str(tmp_path), "HOOK": SECRET},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert "make up" in said.decode()
    assert ReaderSettings(home=tmp_path).credentials_file == tmp_path / "readers.json"
