"""Another system reads along: every event since the first, then live. It can publish nothing.

python examples/subscribe.py [HOME/readers.json]
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import nats


async def main(reader: dict[str, str]) -> None:
    """Print one line per event."""
    encrypted: dict[str, Any] = {}
    if ca := reader.get("ca"):
        encrypted = {"tls": ssl.create_default_context(cafile=ca), "tls_handshake_first": True}
    nc = await nats.connect(
        reader["url"], user=reader["user"], password=reader["password"], **encrypted
    )
    events = await nc.jetstream().subscribe("evt.>", stream=reader["stream"], ordered_consumer=True)
    async for message in events.messages:
        event = json.loads(message.data)
        print(message.metadata.sequence.stream, event["type"], event["subject"], flush=True)


path = Path(sys.argv[1] if len(sys.argv) > 1 else ".shirushi/readers.json")
asyncio.run(main(json.loads(path.read_text(encoding="utf-8"))))
