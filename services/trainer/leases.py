"""The owner of this host's cards leases room on them to others: `gpu.lease`, `renew`, `return`."""

import asyncio
import logging
import time
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field, ValidationError

from libs.common.asks import Answer
from libs.common.errors import BadInput, PermanentError
from services.trainer.admission import Admission, Leased
from services.trainer.domain.devices import Gpu
from services.trainer.domain.memory import admit
from services.trainer.gpu import read_gpus

log = logging.getLogger(__name__)


class Asked(BaseModel):
    """The fields of a question for room."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    holder: Annotated[str, Field(max_length=200)]
    device: Annotated[str, Field(pattern=r"^\d{1,2}$")]
    need_bytes: Annotated[int, Field(gt=0, le=2**50)]
    term_s: Annotated[float, Field(ge=0.5, le=60)]
    pid: int | None = None


def lease_questions(admission: Admission, worker: str) -> dict[str, Answer]:
    """The answers, by the question's name."""

    async def lease(fields: dict[str, Any]) -> bytes:
        """Room if there is some now; else why not. Asking again with the same id is asking once."""
        asked, gpu = await _card(fields)
        fit = admit(asked.need_bytes, [admission.promised(gpu, but=asked.id)])
        if fit.hopeless:
            raise PermanentError(fit.reason, code="gpu_too_small")
        if fit.gpu is None:
            return orjson.dumps({"granted": False, "reason": fit.reason})
        _hold(admission, asked, gpu)
        log.info("GPU memory leased", extra={"holder": asked.holder, "device": asked.device})
        return orjson.dumps({"granted": True, "worker": worker})

    async def renew(fields: dict[str, Any]) -> bytes:
        """It is used already: it counts, whether or not it is remembered."""
        asked, gpu = await _card(fields)
        _hold(admission, asked, gpu)
        return b"{}"

    async def give_back(fields: dict[str, Any]) -> bytes:
        """It is not used any more."""
        admission.leases.pop(str(fields.get("id")), None)
        return b"{}"

    return {"lease": lease, "renew": renew, "return": give_back}


def _hold(admission: Admission, asked: Asked, gpu: Gpu) -> None:
    until_s = time.monotonic() + asked.term_s
    admission.leases = admission.leased()
    admission.leases[asked.id] = Leased(
        gpu.uuid, asked.need_bytes, asked.pid, asked.holder, asked.device, until_s
    )


async def _card(fields: dict[str, Any]) -> tuple[Asked, Gpu]:
    """What is asked for, and the card.

    Raises:
        BadInput: `no_gpu`: this host has no such card.
    """
    try:
        asked = Asked.model_validate(fields)
    except ValidationError as error:
        raise BadInput(f"not a question for room: {error}", code="bad_question") from error
    for gpu in await asyncio.to_thread(read_gpus):
        if str(gpu.index) == asked.device:
            return asked, gpu
    raise BadInput(
        f"this host has no GPU {asked.device}: leave device out, or give cpu", code="no_gpu"
    )
