"""What all routes that start a dataset job share."""

import asyncio
from typing import Any

from fastapi import Response

from libs.common.events import DatasetRef, DatasetRequested
from services.gateway.language import Lang
from services.gateway.routes.jobs import answer
from services.gateway.state import BASE, Gateway, Once, Patience


async def start(
    gateway: Gateway,
    once: Once,
    waits: Patience,
    operation: Any,
    dataset: DatasetRef,
    options: dict[str, Any],
    lang: Lang = "en",
) -> Response:
    """Ask for a dataset job and answer as soon as it is done, or in time."""
    job = once.earlier(gateway) or await gateway.publish(
        DatasetRequested(
            job_id=once.job_id,
            body_sha256=once.body_sha256,
            operation=operation,
            dataset=dataset,
            options=options,
        )
    )
    url = f"{BASE}/dataset/validate/{job.id}"
    return await answer(gateway, job, waits, status_url=url, id_name="validation_id", lang=lang)


async def located(gateway: Gateway, text: str) -> DatasetRef:
    """Resolve off the event loop: a disk may be slow."""
    return await asyncio.to_thread(gateway.resolver.dataset, text)
