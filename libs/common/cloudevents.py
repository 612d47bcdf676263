"""The envelope around each event: CloudEvents 1.0, JSON, structured mode."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import ValidationError

from libs.common.errors import BadInput
from libs.common.events import KINDS, Event

CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True)
class Recorded:
    """An event as the log holds it."""

    seq: int
    time: datetime
    source: str
    event: Event
    traceparent: str | None = None
    """Of the span in which it was told, where traces are made."""


def encode(event: Event, *, source: str, traceparent: str | None = None) -> bytes:
    """Wrap `event`; its dedupe key is the CloudEvents id, so both say what is the same fact."""
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.dedupe_key,
        "source": f"shirushi/{source}",
        "type": event.kind,
        "subject": event.job_id,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": f"shirushi:{event.kind}",
        "data": event.model_dump(mode="json", exclude={"kind"}),
    }
    if traceparent:
        envelope["traceparent"] = traceparent
    return orjson.dumps(envelope)


def decode(payload: bytes, *, seq: int) -> Recorded | None:
    """Read what `encode` wrote. None for a kind this release does not know.

    Raises:
        BadInput: the payload is no CloudEvent, or its data does not fit its kind.
    """
    try:
        envelope = orjson.loads(payload)
        cls = KINDS.get(envelope["type"])
        if cls is None:
            return None
        event = cls.model_validate(envelope["data"] | {"kind": envelope["type"]})
        time = datetime.fromisoformat(envelope["time"])
        within = envelope.get("traceparent")
        return Recorded(
            seq, time, envelope["source"], event, within if isinstance(within, str) else None
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, ValidationError) as error:
        message = f"message {seq} is not an event of ours: {error}"
        raise BadInput(message, code="bad_event") from error
