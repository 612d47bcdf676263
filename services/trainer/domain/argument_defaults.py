"""What ultralytics 8.4.190 takes where an argument is not given: pure."""

from collections.abc import Mapping
from typing import Any

from services.trainer.domain.arguments import AUGMENTATIONS, EXTRAS, Limit, Value

DEFAULTS: dict[str, Value] = {
    "hsv_h": 0.015,
    "hsv_s": 0.7,
    "hsv_v": 0.4,
    "degrees": 0.0,
    "translate": 0.1,
    "scale": 0.5,
    "shear": 0.0,
    "perspective": 0.0,
    "flipud": 0.0,
    "fliplr": 0.5,
    "bgr": 0.0,
    "mosaic": 1.0,
    "mixup": 0.0,
    "cutmix": 0.0,
    "copy_paste": 0.0,
    "close_mosaic": 10,
    "multi_scale": 0.0,
    "nbs": 64,
    "lrf": 0.01,
    "momentum": 0.937,
    "weight_decay": 0.0005,
    "warmup_epochs": 3.0,
    "warmup_momentum": 0.8,
    "warmup_bias_lr": 0.1,
    "cos_lr": False,
    "box": 7.5,
    "cls": 0.5,
    "dfl": 1.5,
    "cls_pw": 0.0,
    "cls_remap": True,
    "single_cls": False,
    "deterministic": True,
    "compile": False,
    "iou": 0.7,
    "max_det": 300,
}
FITTED = frozenset({"nbs", "warmup_bias_lr", "close_mosaic"})
"""Where these are not given, the plan may fit them to the data: see `plan._fitted`."""


def described() -> dict[str, list[dict[str, Any]]]:
    """Every further argument with its kind, interval and default, by the field that takes it."""
    augmentations = _rows(AUGMENTATIONS)
    extras = _rows({name: limit for name, limit in EXTRAS.items() if name not in AUGMENTATIONS})
    return {"augmentation_params": augmentations, "extra": extras}


def _rows(limits: Mapping[str, Limit]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "kind": limit.kind.__name__,
            "low": None if limit.kind is bool else limit.low,
            "high": None if limit.kind is bool else limit.high,
            "default": DEFAULTS[name],
            "fitted": name in FITTED,
        }
        for name, limit in limits.items()
    ]
