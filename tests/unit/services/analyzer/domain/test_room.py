"""How much of a card a judging process may take."""

from services.analyzer.domain.room import FIXED_BYTES, PER_IMAGE_BYTES, room_bytes


def test_it_grows_with_the_batch_and_the_square_of_the_size() -> None:
    assert room_bytes(640, 8) == room_bytes(None, 8) == FIXED_BYTES + 8 * PER_IMAGE_BYTES
    assert room_bytes(1280, 2) == room_bytes(640, 8)
