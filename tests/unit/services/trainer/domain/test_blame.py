"""Which rank explains why all ended."""

import signal

from services.trainer.domain.blame import End, blame


def test_a_killed_rank_explains_the_error_that_the_others_saw() -> None:
    lost = End(0, 10, 0, "", "RuntimeError: Connection closed by peer")
    found = blame([lost, End(1, 11, -signal.SIGKILL)])
    assert (found.code, found.message) == ("rank_lost", "rank 1 of 2 was killed (SIGKILL)")
    assert found.crashed == ()


def test_a_named_failure_explains_more_than_a_kill() -> None:
    ends = [End(0, 10, -signal.SIGABRT), End(1, 11, 0, "out_of_memory", "lower batch_size")]
    found = blame(ends)
    assert (found.code, found.message) == ("out_of_memory", "rank 1 of 2: lower batch_size")


def test_ranks_that_crashed_are_named_so_that_their_image_can_be_looked_at() -> None:
    assert blame([End(1, 11, -signal.SIGSEGV), End(0, 10, None)]).crashed == (11,)


def test_without_a_kill_the_first_to_fail_explains() -> None:
    ends = [End(1, 11, 0, "", "OSError: broken"), End(0, 10, 0, "", "RuntimeError: peer")]
    assert blame(ends).message == "rank 1 of 2: OSError: broken"
    assert blame([End(1, 11, 3), End(0, 10, None)]).message == "rank 1 of 2: it ended with code 3"
