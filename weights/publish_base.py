"""Make the released base weights of a finished (or running) training: strip, measure, describe.

    python -m weights.publish_base WORK

Reads what `train_base.py WORK` wrote; writes `shirushi-logo-n.pt` and `shirushi-logo-n.json` here.
"""

import argparse
import hashlib
import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from libs.synthetic import BASE_SPEC
from weights.train_base import RECIPE, SEED, prepare_environment

HERE = Path(__file__).resolve().parent
NAME = "shirushi-logo-n"
LICENCE = "AGPL-3.0-only"
_MACHINE_PATHS = (b"/tmp/", b"/home/", b"/root/")
# Where and when a run happened is nobody's business; how it was set is everybody's.
_PRIVATE_ARGS = {"data", "save_dir", "project", "name", "time", "resume", "device", "exist_ok"}


def main() -> int:
    """Publish the best checkpoint so far; 0 when the released file loads and is clean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("work", type=Path, help="the folder given to train_base.py")
    work = parser.parse_args().work.resolve()
    prepare_environment(work)
    released = HERE / f"{NAME}.pt"
    stripped = work / released.name
    results = strip(work / "run/weights/best.pt", stripped)
    require_clean(stripped)
    card = describe(work, stripped, results)
    shutil.copyfile(stripped, released)
    (HERE / f"{NAME}.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(card["metrics"]))
    return 0


def strip(checkpoint: Path, released: Path) -> dict[str, list[float]]:
    """Write the averaged weights alone, in half precision; returns the history, a column a key."""
    import torch  # noqa: PLC0415
    from ultralytics.utils.patches import torch_load  # noqa: PLC0415

    torch.set_num_threads(1)
    held = torch_load(checkpoint, map_location="cpu")  # type: ignore[no-untyped-call]
    model = (held["ema"] or held["model"]).half()
    args = {key: value for key, value in held["train_args"].items() if key not in _PRIVATE_ARGS}
    model.args = args
    model.yaml["yaml_file"] = RECIPE["model"]
    model.criterion = None
    for parameter in model.parameters():
        parameter.requires_grad = False
    content = {
        "epoch": -1,
        **dict.fromkeys(("best_fitness", "ema", "optimizer", "updates")),
        "model": model,
        "train_args": args,
        "version": held["version"],
        "license": LICENCE,
    }
    torch.save(content, released)
    results: dict[str, list[float]] = held["train_results"]
    return results


def require_clean(released: Path) -> None:
    """Refuse a file that tells paths of the machine it was made on."""
    content = released.read_bytes()
    found = [path.decode() for path in _MACHINE_PATHS if path in content]
    if found:
        raise SystemExit(f"{released.name} holds {', '.join(found)}: drop the key that says so")


def describe(work: Path, released: Path, results: dict[str, list[float]]) -> dict[str, Any]:
    """The model card's figures, measured on the released file itself."""
    note = json.loads((work / "logos/synthetic.json").read_text(encoding="utf-8"))
    content = released.read_bytes()
    return {
        "file": released.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "architecture": Path(RECIPE["model"]).stem,
        "precision": "float16",
        "licence": LICENCE,
        "imgsz": RECIPE["imgsz"],
        "epochs": len(results["epoch"]),
        "seed": SEED,
        "recipe": RECIPE,
        "dataset": {"sha256": note["sha256"], "generator": note["generator"], "spec": note["spec"]},
        "classes": list(BASE_SPEC.classes),
        "metrics": {split: measure(work, released, split) for split in ("val", "test")},
        "versions": {
            package: version(package)
            for package in ("torch", "ultralytics", "opencv-python", "numpy", "simple-icons-pack")
        },
    }


def measure(work: Path, released: Path, split: str) -> dict[str, float]:
    """Mean average precision of the released file on a split of its own dataset."""
    from ultralytics.models import YOLO  # noqa: PLC0415

    metrics = YOLO(str(released)).val(
        data=str(work / "logos/data.yaml"),
        split=split,
        imgsz=RECIPE["imgsz"],
        batch=16,
        device="cpu",
        plots=False,
        verbose=False,
        save_dir=str(work / f"val-{split}"),
    )
    figures = {
        "precision": metrics.box.mp,
        "recall": metrics.box.mr,
        "map50": metrics.box.map50,
        "map50_95": metrics.box.map,
    }
    return {name: round(float(figure), 4) for name, figure in figures.items()}


if __name__ == "__main__":
    sys.exit(main())
