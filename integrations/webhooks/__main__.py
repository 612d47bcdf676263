"""Send events to addresses of the operator's choice, or show what became of them.

python -m integrations.webhooks HOOKS.yaml             runs until it is told to stop
python -m integrations.webhooks history [--hook NAME] [--json]
"""

import argparse
import asyncio
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
from rich.console import Console
from rich.table import Table

from integrations.log import Places, ReaderSettings, opened
from integrations.webhooks.config import Hook, read_hooks
from integrations.webhooks.history import History
from integrations.webhooks.sending import FIRST_WAIT_S, Sender
from libs.common import logs
from libs.common.errors import BadInput
from libs.common.service import until_told_to_stop


async def send(hooks: tuple[Hook, ...], settings: ReaderSettings) -> None:
    """Serve all hooks, each at its own pace, until told to stop."""
    limits = httpx.Limits(max_connections=len(hooks))
    async with (
        opened(settings) as bus,
        httpx.AsyncClient(trust_env=False, follow_redirects=False, limits=limits) as client,
    ):
        with Places(settings.state("webhooks")) as places:
            senders = [Sender(hook, places, client, first_wait_s=FIRST_WAIT_S) for hook in hooks]
            await until_told_to_stop(*(sender.run(bus) for sender in senders))


def show(settings: ReaderSettings, hook: str | None, *, as_json: bool) -> None:
    """The newest deliveries."""
    with Places(settings.state("webhooks")) as places:
        deliveries = History(places).newest(hook)
    if as_json:
        sys.stdout.write(orjson.dumps([asdict(each) for each in deliveries]).decode() + "\n")
        return
    table = Table("hook", "seq", "event", "state", "tries", "answer", "at")
    for each in deliveries:
        at = datetime.fromtimestamp(each.at, UTC).isoformat(timespec="seconds")
        table.add_row(
            each.hook, str(each.seq), each.type, each.state, str(each.tries), each.answer, at
        )
    Console().print(table)


def main() -> int:
    """0 when it was told to stop, 1 when it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m integrations.webhooks", description=__doc__)
    parser.add_argument("what", metavar="HOOKS.yaml", help="the hooks, or the word history")
    parser.add_argument("--hook", help="history: of this one alone")
    parser.add_argument("--json", action="store_true", help="history: as JSON")
    arguments = parser.parse_args()
    settings = ReaderSettings()
    if arguments.what == "history":
        show(settings, arguments.hook, as_json=arguments.json)
        return 0
    logs.configure(json=settings.log_json)
    try:
        asyncio.run(send(read_hooks(Path(arguments.what)), settings))
    except BadInput as error:
        sys.stderr.write(f"webhooks: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
