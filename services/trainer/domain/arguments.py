"""Which ultralytics arguments a request may set, and within which limits.

Names and meanings: https://docs.ultralytics.com/usage/cfg (8.4.190, `cfg/default.yaml`). What is
missing here is decided by the service: where files lie, when a run ends, what is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.common.errors import BadInput

Value = float | int | str | bool


@dataclass(frozen=True)
class Limit:
    """What an argument may be: a kind, and for numbers an interval with both ends inside."""

    kind: type[int] | type[float] | type[bool]
    low: float = 0.0
    high: float = 1.0

    def accepts(self, value: Value) -> bool:
        """Whether `value` has the kind and lies in the interval; an int serves as a float."""
        if self.kind is bool:
            return isinstance(value, bool)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.kind is float or isinstance(value, int)) and self.low <= value <= self.high

    def __str__(self) -> str:
        if self.kind is bool:
            return "true or false"
        noun = "a whole number" if self.kind is int else "a number"
        return f"{noun} from {self.low:g} to {self.high:g}"


SHARE = Limit(float)

AUGMENTATIONS: dict[str, Limit] = {
    "hsv_h": SHARE,
    "hsv_s": SHARE,
    "hsv_v": SHARE,
    "degrees": Limit(float, 0, 180),
    "translate": SHARE,
    "scale": SHARE,
    "shear": Limit(float, 0, 180),
    "perspective": Limit(float, 0, 0.001),
    "flipud": SHARE,
    "fliplr": SHARE,
    "bgr": SHARE,
    "mosaic": SHARE,
    "mixup": SHARE,
    "cutmix": SHARE,
    "copy_paste": SHARE,
    "close_mosaic": Limit(int, 0, 1000),
    "multi_scale": Limit(float, 0, 0.9),
}

EXTRAS: dict[str, Limit] = {
    "nbs": Limit(int, 1, 1024),
    "lrf": SHARE,
    "momentum": Limit(float, 0, 0.9999),
    "weight_decay": SHARE,
    "warmup_epochs": Limit(float, 0, 100),
    "warmup_momentum": Limit(float, 0, 0.9999),
    "warmup_bias_lr": SHARE,
    "cos_lr": Limit(bool),
    "close_mosaic": Limit(int, 0, 1000),
    "multi_scale": Limit(float, 0, 0.9),
    "box": Limit(float, 0, 1000),
    "cls": Limit(float, 0, 1000),
    "dfl": Limit(float, 0, 1000),
    "cls_pw": SHARE,
    "cls_remap": Limit(bool),
    "single_cls": Limit(bool),
    "deterministic": Limit(bool),
    "compile": Limit(bool),
    "iou": SHARE,
    "max_det": Limit(int, 1, 10_000),
}

OPTIMIZERS = ("SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSprop", "auto")
ADAM_LIKE = frozenset({"Adam", "Adamax", "AdamW", "NAdam", "RAdam"})


def checked(
    given: Mapping[str, Value], allowed: Mapping[str, Limit], *, field: str
) -> dict[str, Value]:
    """`given`, if every name is allowed and every value within its limit.

    Raises:
        BadInput: naming the field, what is wrong, and what would be right.
    """
    for name, value in given.items():
        limit = allowed.get(name)
        if limit is None:
            raise BadInput(
                f"{field} has no '{name}'. Valid names: {', '.join(sorted(allowed))}.",
                code="unknown_argument",
            )
        if not limit.accepts(value):
            raise BadInput(
                f"{field}.{name} is {value!r}; give {limit}.", code="argument_out_of_range"
            )
    return dict(given)


def optimizer_named(name: str) -> str:
    """The optimizer as ultralytics spells it, whatever the case of `name`.

    Raises:
        BadInput: there is no such optimizer.
    """
    for known in OPTIMIZERS:
        if known.lower() == name.lower():
            return known
    raise BadInput(
        f"optimizer '{name}' is not known. Valid optimizers: {', '.join(OPTIMIZERS)}.",
        code="unknown_optimizer",
    )
