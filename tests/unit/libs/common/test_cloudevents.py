"""The envelope around each event."""

import orjson
import pytest

from libs.common import subjects
from libs.common.cloudevents import decode, encode
from libs.common.errors import BadInput
from libs.common.events import (
    KINDS,
    DatasetDeleted,
    DatasetRef,
    TrainingArguments,
    TrainingRequested,
)

FACT = DatasetDeleted(job_id="j", attempt=2, name="logos")


def test_an_envelope_has_what_cloudevents_asks_for() -> None:
    envelope = orjson.loads(encode(FACT, source="dataset", traceparent="00-a-b-01"))
    assert envelope["specversion"] == "1.0"
    assert envelope["id"] == FACT.dedupe_key == "dataset.deleted.v1:j:2"
    assert envelope["source"] == "shirushi/dataset"
    assert envelope["type"] == "dataset.deleted.v1"
    assert envelope["subject"] == "j"
    assert envelope["time"].endswith("Z")
    assert envelope["data"] == {"job_id": "j", "attempt": 2, "name": "logos"}
    assert envelope["traceparent"] == "00-a-b-01"


def test_fields_of_a_newer_release_are_ignored() -> None:
    envelope = orjson.loads(encode(FACT, source="dataset"))
    envelope["data"]["colour"] = "red"
    record = decode(orjson.dumps(envelope), seq=3)
    assert record is not None
    assert record.event == FACT


def test_a_kind_of_a_newer_release_is_passed_over() -> None:
    envelope = orjson.loads(encode(FACT, source="dataset")) | {"type": "dataset.painted.v1"}
    assert decode(orjson.dumps(envelope), seq=3) is None


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{", b'"x"', b'{"type": "dataset.deleted.v1"}', b"\xff\xfe", b"[" * 5000],
)
def test_what_is_no_event_is_refused(payload: bytes) -> None:
    with pytest.raises(BadInput):
        decode(payload, seq=1)


def test_every_kind_is_named_area_fact_version() -> None:
    assert len(KINDS) >= 24
    for kind, cls in KINDS.items():
        area, fact, version = kind.split(".")
        assert area in {"dataset", "training", "analysis", "model", "host", "audit"}
        assert fact.replace("_", "").isalpha()
        assert version == "v1"
        assert cls.__doc__


def test_a_training_request_carries_its_routing_before_its_id() -> None:
    request = TrainingRequested(
        job_id="j",
        dataset=DatasetRef(name="logos"),
        arguments=TrainingArguments(mode="full"),
        experiment_name="one",
        priority="high",
    )
    assert subjects.of(request) == "evt.training.requested.v1.default.high.j"
    assert subjects.of(FACT) == "evt.dataset.deleted.v1.j"


@pytest.mark.parametrize("job_id", ["", "a.b", "a*", "a>", "../x", "a b", "x" * 65])
def test_an_id_that_would_reach_other_subjects_is_refused(job_id: str) -> None:
    with pytest.raises(ValueError, match="job_id"):
        DatasetDeleted(job_id=job_id, name="logos")
