"""Which device a training gets."""

import pytest

from libs.common.errors import PermanentError
from services.trainer.domain.devices import Gpu, GpuProcess, choose_device, shown

GIB = 2**30
BUSY = Gpu(0, "uuid-0", "T4", 16 * GIB, 2 * GIB, processes=(GpuProcess(7, 2 * GIB),))
FREE = Gpu(1, "uuid-1", "T4", 16 * GIB, GIB)


@pytest.mark.parametrize(
    ("requested", "gpus", "device"),
    [
        (None, (), "cpu"),
        ("auto", (), "cpu"),
        ("cpu", (BUSY,), "cpu"),
        (None, (BUSY, FREE), "1"),
        (None, (BUSY,), "0"),
        ("0", (BUSY, FREE), "0"),
        ("cuda:1", (BUSY, FREE), "1"),
        ("0,1", (BUSY, FREE), "0,1"),
        ("cuda:1, cuda:0", (BUSY, FREE), "1,0"),
        ("cpu,cpu", (BUSY, FREE), "cpu,cpu"),
    ],
)
def test_the_free_gpu_is_taken_unless_told_otherwise(
    requested: str | None, gpus: tuple[Gpu, ...], device: str
) -> None:
    assert choose_device(requested, gpus) == device


@pytest.mark.parametrize(
    ("requested", "gpus", "code", "sentence"),
    [
        ("0", (), "no_such_device", "GPUs of this trainer: none, only the CPU"),
        ("5", (BUSY,), "no_such_device", "GPUs of this trainer: 0 (T4)"),
        ("tpu", (BUSY,), "no_such_device", "device 'tpu' is not there"),
        ("0,1", (BUSY,), "no_such_device", "GPUs of this trainer: 0 (T4)"),
        ("0,0", (BUSY, FREE), "same_device_twice", "names a GPU twice"),
    ],
)
def test_a_device_that_cannot_be_is_explained(
    requested: str, gpus: tuple[Gpu, ...], code: str, sentence: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        choose_device(requested, gpus)
    assert caught.value.code == code
    assert sentence in caught.value.message


def test_a_gpu_is_shown_with_the_training_that_uses_it() -> None:
    view = shown(BUSY, {7: "job"})
    assert view["processes"] == [{"pid": 7, "used_bytes": 2 * GIB, "training_id": "job"}]
    assert (view["uuid"], view["memory_used_bytes"], view["power_w"]) == ("uuid-0", 2 * GIB, None)
    assert shown(BUSY, {})["processes"][0]["training_id"] is None


def test_a_rank_on_a_gpu_is_known_by_the_group_of_its_training() -> None:
    rank = Gpu(0, "uuid-0", "T4", 16 * GIB, GIB, processes=(GpuProcess(9, GIB, group=7),))
    assert shown(rank, {7: "job"})["processes"][0]["training_id"] == "job"
