"""A child that only opens weights, and says how it went; torch is there already."""

import json
from io import FileIO
from pathlib import Path
from typing import Any

import torch

from libs.common.detectors import load_detector, save_detector
from libs.common.errors import BadInput
from services.trainer.entry import Channel


def main(messages: int) -> None:
    channel = Channel(messages)
    order = json.loads(FileIO(0, closefd=False).readline())
    for path in order.get("load", []):
        channel.say("loaded", path=path, **outcome(Path(path)))
    if "same" in order:
        channel.say("compared", **compared(*map(Path, order["same"])))
    if "save" in order:
        made(Path(order["save"]), order["heads"])
    channel.say("done")


def outcome(path: Path) -> dict[str, str]:
    try:
        load_detector(path)
    except BadInput as error:
        return {"code": error.code, "message": error.message}
    return {"code": "", "message": ""}


def compared(one: Path, two: Path) -> dict[str, Any]:
    """Two files of weights: whether they hold the same model, to the bit."""
    models = [load_detector(path) for path in (one, two)]
    image = torch.rand(2, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plain = [model(image)[0] for model in models]
        fused = [model.fuse(verbose=False)(image)[0] for model in models]
    return {
        "outputs": torch.equal(*plain) and torch.equal(*fused),
        "names": [list(model.names.items()) for model in models],
        "imgsz": [model.args["imgsz"] for model in models],
    }


def made(source: Path, heads: dict[str, dict[str, Any]]) -> None:
    """Files as `save_detector` writes them, with another architecture each."""
    model = load_detector(source)
    good = model.yaml
    for target, changes in heads.items():
        model.yaml = {**good, **changes}
        save_detector(model, Path(target), imgsz=64)
