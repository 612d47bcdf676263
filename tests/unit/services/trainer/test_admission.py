"""Measured peaks take the place of predictions, and outlive the service."""

from pathlib import Path

from libs.common.events import TrainingArguments
from services.trainer.admission import Admission, shape_of
from services.trainer.domain.devices import Gpu
from services.trainer.domain.memory import CONTEXT_BYTES, GIB, MARGIN, needed_bytes

CARD = Gpu(0, "a", "T4", 16 * GIB, GIB // 4)
OTHER = Gpu(0, "b", "L4", 24 * GIB, GIB // 4)
ASKED = TrainingArguments(mode="full", model_architecture="yolov8s", batch_size=16, imgsz=640)


def test_a_peak_that_was_measured_decides_for_its_kind_of_card_alone(tmp_path: Path) -> None:
    admission = Admission(tmp_path / "peaks.json")
    predicted, measured, _ = admission.forecast(ASKED, [CARD])
    assert (predicted, measured) == (needed_bytes(shape_of(ASKED), None), False)
    admission.learn(shape_of(ASKED), "T4", 5 * GIB)
    admission.learn(shape_of(ASKED), "T4", 3 * GIB)
    again = Admission(tmp_path / "peaks.json")
    need, measured, _ = again.forecast(ASKED, [CARD])
    assert (need, measured) == (int((5 * GIB + CONTEXT_BYTES) * MARGIN), True), "the most counts"
    assert again.forecast(ASKED, [OTHER])[0] == predicted
    larger = ASKED.model_copy(update={"batch_size": 32})
    assert not again.forecast(larger, [CARD])[1]


def test_a_file_of_peaks_that_was_lost_or_broken_costs_only_what_was_learnt(tmp_path: Path) -> None:
    peaks = tmp_path / "peaks.json"
    for content in (b"", b"[1]", b'{"T4|yolov8s|640|16|True": '):
        peaks.write_bytes(content)
        admission = Admission(peaks)
        assert not admission.forecast(ASKED, [CARD])[1]
    admission.learn(shape_of(ASKED), "T4", GIB)
    assert admission.forecast(ASKED, [CARD])[1]
