"""The same client for asyncio: several things at once, and the log as it grows.

python examples/async_client.py DATASET MODEL MODEL
"""

import asyncio
import sys
from contextlib import aclosing

from libs.client import AsyncClient


async def main(dataset: str, *models: str) -> int:
    """Judge models side by side, then tell which facts the log gained by it."""
    async with AsyncClient() as client:
        status = await client.status()
        reports = await asyncio.gather(*(client.validate_model(model, dataset) for model in models))
        for model, report in zip(models, reports, strict=True):
            print(model, "mAP50", report["map50"])
        wanted = {report["validation_id"] for report in reports}
        async with aclosing(client.events(status["last_seq"], ["analysis.>"])) as events:
            async for event in events:
                print(event.seq, event.type, event.subject)
                if event.type == "analysis.validated.v1":
                    wanted.discard(event.subject)
                if not wanted:
                    break
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(*sys.argv[1:])))
