"""The trainer as it is, but its trainings are those of `fast.py`."""

import asyncio

from services.trainer import __main__ as trainer
from services.trainer.stock import Stock


def doubles(environment: dict[str, str]) -> Stock:
    """A nursery of doubles."""
    return Stock(environment, "tests.load.fast")


if __name__ == "__main__":
    trainer.Stock = doubles  # type: ignore[attr-defined,assignment]
    asyncio.run(trainer.main())
