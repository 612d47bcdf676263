import pytest

from libs.common.allocator import allocator_environment


@pytest.mark.parametrize(
    ("glibc", "threshold"),
    [("glibc 2.36", 2**32), ("glibc 2.35", 2**32), ("glibc 2.34", 2**25), ("glibc 3.0", 2**32)],
)
def test_the_allocator_gets_a_threshold_that_its_glibc_accepts(glibc: str, threshold: int) -> None:
    found = allocator_environment(glibc)
    assert int(found["MALLOC_MMAP_THRESHOLD_"]) == threshold
    assert int(found["MALLOC_TRIM_THRESHOLD_"]) > threshold


def test_another_libc_is_left_as_it_is() -> None:
    assert allocator_environment(None) == {}
