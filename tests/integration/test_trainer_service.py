"""`python -m services.trainer` as a process: what it tells of its host, how it stops and dies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psutil

from libs.common.service import Deps
from libs.common.settings import Settings

READY_S = 120.0


@asynccontextmanager
async def service(
    settings: Settings, module: str = "services.trainer"
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service on the test's bus and store; killed at the end if it still runs."""
    assert settings.s3_access_key
    assert settings.s3_secret_key
    environment = os.environ | {
        "SHIRUSHI_HOME": str(settings.home),
        "SHIRUSHI_NATS_URL": settings.nats_url,
        "SHIRUSHI_S3_ENDPOINT": settings.s3_endpoint,
        "SHIRUSHI_S3_BUCKET": settings.s3_bucket,
        "SHIRUSHI_S3_ACCESS_KEY": settings.s3_access_key,
        "SHIRUSHI_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, env=environment)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_it_tells_of_its_host_and_leaves_nobody_behind(deps: Deps) -> None:
    readings = deps.bus.listen("system.>")
    async with service(deps.settings) as process, asyncio.timeout(READY_S):
        topic, told = await anext(readings)
        assert topic == f"system.{told['worker']}"
        assert told["service"] == "trainer"
        assert 0 <= told["memory_percent"] <= 100
        assert told["disk"]["free_bytes"] > 0
        assert isinstance(told["gpus"], list)
        assert told["trainings"] == []
        children = psutil.Process(process.pid).children(recursive=True)
        assert children, "one process is in stock"
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert not [child for child in children if child.is_running()]
