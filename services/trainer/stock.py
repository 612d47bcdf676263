"""Training processes, each a copy of one that has imported everything. Imports no torch."""

from collections.abc import Collection
from pathlib import Path

from libs.common import stock as stocks
from libs.common.allocator import keeping_memory
from libs.common.children import child_environment
from services.trainer.child import Child

ENTRY = "services.trainer.entry"
IMPORTS = ("services.trainer.yolo", "services.trainer.warm")


def training_environment(home: Path, levers: Collection[str]) -> dict[str, str]:
    """The environment of the nursery and all its copies.

    Args:
        home: a folder of ours that the libraries may write to; made when missing.
        levers: of `domain.levers.LEVERS`.
    """
    allocator = keeping_memory() if "allocator" in levers else {}
    compiled = {
        "TORCHINDUCTOR_CACHE_DIR": str(home / "inductor"),  # elsewhere others may write into it
        "TRITON_CACHE_DIR": str(home / "triton"),
    }
    return child_environment(home) | compiled | allocator


class Stock(stocks.Stock[Child]):
    """Starts trainings; see `libs.common.stock`."""

    def __init__(self, environment: dict[str, str], module: str = ENTRY) -> None:
        super().__init__(environment, IMPORTS, module, Child.adopt)
