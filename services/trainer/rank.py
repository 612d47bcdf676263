"""One rank under another launcher than ours: `torchrun … -m services.trainer.rank ORDER.json`.

The launcher sets RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as
torchrun, Slurm scripts and Kubeflow's PyTorchJob do. ORDER.json is the line that a child of the
trainer reads (`Plan.order`); each host has its own. Rank 0 writes what it tells, a JSON object a
line, to ORDER.messages.jsonl.
"""

import json
import os
import sys
from pathlib import Path

from libs.common.children import child_environment


def main() -> int:
    """0 when the work of this rank is done."""
    path = Path(sys.argv[1])
    order = json.loads(path.read_bytes())
    os.environ.update(child_environment(Path(order["run_dir"]).parent / "home"))
    from services.trainer import entry  # noqa: PLC0415 - after its environment

    mine = path.with_suffix(".messages.jsonl")
    if os.environ.get("RANK", "0") != "0":
        mine = path.with_suffix(f".{os.environ['RANK']}.jsonl")
    messages = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    entry.work(order, messages)
    lines = mine.read_text(encoding="utf-8").splitlines()
    failed = [line for line in lines if json.loads(line)["type"] == "failed"]
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
