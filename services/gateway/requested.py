"""From what a client sent to the request that becomes an event: resolved, named, consistent."""

import asyncio
import json
from datetime import UTC, datetime

from libs.common.errors import BadInput, Conflict
from libs.common.events import ModelRef, TrainingArguments, TrainingRequested
from services.gateway.schemas.trainings import StartTraining
from services.gateway.state import Gateway, Once


async def training_requested(
    body: StartTraining, gateway: Gateway, once: Once
) -> TrainingRequested:
    """The event for `POST /training/start`.

    Raises:
        NotFound: dataset or base model are not there.
        BadInput: they do not fit each other or the mode.
        Unavailable: the store, where the run's name is reserved, does not answer.
    """
    dataset = await asyncio.to_thread(gateway.resolver.dataset, body.dataset_path)
    base = await base_of(body, gateway)
    arguments = await asyncio.to_thread(arguments_of, body, base, gateway)
    now = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    wanted = body.experiment_name or f"{body.mode}_{now}"
    return TrainingRequested(
        job_id=once.job_id,
        body_sha256=once.body_sha256,
        dataset=dataset,
        base_model=base,
        arguments=arguments,
        project_name=body.project_name,
        experiment_name=await reserved_name(gateway, body.project_name, wanted, once.job_id),
        priority=body.priority,
        tags=body.tags,
        auto_validate=body.auto_validate,
    )


async def base_of(body: StartTraining, gateway: Gateway) -> ModelRef | None:
    """The start weights; None for mode full.

    Raises:
        NotFound: they are not there.
        BadInput: the mode has none, or the run has no weights.
    """
    if body.mode == "full":
        if body.base_model_path:
            raise BadInput(
                "mode full starts from nothing: leave base_model_path out, or use transfer",
                code="base_with_full",
            )
        return None
    weights = "last.pt" if body.mode == "continue" else "best.pt"
    return await asyncio.to_thread(
        gateway.resolver.model, body.base_model_path or "", weights=weights
    )


def arguments_of(body: StartTraining, base: ModelRef | None, gateway: Gateway) -> TrainingArguments:
    """What the trainer reads; where weights are given they decide the architecture."""
    arguments = body.arguments()
    known = _architecture(base, gateway) if base else None
    if known is None or known == arguments.model_architecture:
        return arguments
    if "model_architecture" in body.model_fields_set:
        raise BadInput(
            f"{base.name if base else 'the base model'} is a {known}, not a "
            f"{arguments.model_architecture}: leave model_architecture out, or use other weights",
            code="other_architecture",
        )
    return TrainingArguments.model_validate(arguments.model_dump() | {"model_architecture": known})


def _architecture(base: ModelRef, gateway: Gateway) -> str | None:
    """From the run that made the weights, or the card beside those we ship; None if unknown."""
    if base.training_id:
        earlier = gateway.ledger.jobs[base.training_id].request
        if isinstance(earlier, TrainingRequested):
            return earlier.arguments.model_architecture
    card = gateway.settings.models_dir / f"{base.name}.json"
    if base.name in gateway.resolver.base_models() and card.is_file():
        return str(json.loads(card.read_text(encoding="utf-8"))["architecture"])
    return None


async def reserved_name(gateway: Gateway, project: str, wanted: str, job_id: str) -> str:
    """A name that no other run has or will have, whichever gateway is asked.

    The reservation is a key that only one can create; asking again for the same job gets it again.
    """
    taken: set[str] = set()
    while True:
        name = gateway.ledger.free_experiment(project, wanted, taken)
        key = f"trainings/{project}/{name}/.reserved"
        try:
            await gateway.deps.artifacts.put_bytes(key, job_id.encode(), create=True)
        except Conflict:
            if await gateway.deps.artifacts.get_bytes(key) != job_id.encode():
                taken.add(name)
                continue
        return name
