import pytest

from libs.common.errors import BadInput
from services.trainer.domain.levers import (
    LEVERS,
    MOST_BYTES,
    image_budget,
    pulled,
)


def test_a_lever_can_be_left_alone() -> None:
    assert pulled(()) == tuple(LEVERS)
    assert set(LEVERS) - set(pulled(["threads"])) == {"threads"}


def test_a_lever_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match=r"no lever 'turbo'.*channels_last"):
        pulled(["turbo"])


def test_the_room_for_images_is_shared_by_the_processes_and_bounded() -> None:
    assert image_budget(10 * 2**30, 1) == 2**30
    assert image_budget(10 * 2**30, 4) == 2**28
    assert image_budget(2**50, 2) == MOST_BYTES // 2
