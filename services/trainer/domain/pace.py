"""How long the rest takes, from the pace so far: pure."""


def remaining_s(*, elapsed_s: float, done: int, left: int) -> float | None:
    """Seconds that `left` pieces take at the pace of the `done` ones.

    Args:
        elapsed_s: since the first piece began, >= 0.
        done: pieces finished in that time.
        left: pieces to go.

    Returns:
        None before the first piece is done.
    """
    return round(elapsed_s / done * left, 1) if done > 0 else None
