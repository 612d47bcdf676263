"""What a file of weights is, by its first bytes."""

import pytest

from services.gateway.routes.models import kind_of


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"PK\x03\x04\x00\x00\x00\x00\x00", ".pt"),
        ((812).to_bytes(8, "little") + b"{", ".safetensors"),
        ((2**40).to_bytes(8, "little") + b"{", ""),
        ((812).to_bytes(8, "little") + b"[", ""),
        (b"\x80\x02}q\x00.", ""),
        (b"", ""),
    ],
)
def test_a_pickle_in_a_zip_and_safetensors_are_weights_and_nothing_else(
    head: bytes, suffix: str
) -> None:
    assert kind_of(head) == suffix
