"""Settings that suit the data and the machine, each with the reason and the number behind it: pure.

A preset is a list of choices for the fields of `POST /training/start`. It is advice: nothing is
set unless the user takes it over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from services.trainer.domain.fitting import FEW_IMAGES, SMALL_RATE
from services.trainer.domain.memory import GIB, MIB

Name = Literal["auto", "quick", "thorough"]
NAMES: tuple[Name, ...] = ("auto", "quick", "thorough")

SEEN_IMAGES = {"auto": 40_000, "quick": 4_000, "thorough": 120_000}
"""Images that a preset shows the model in all epochs together."""
EPOCHS = {"auto": (30, 300), "quick": (5, 20), "thorough": (100, 600)}
SMALL_IMAGES_PX = 384
SMALL_SHARE = 0.3
"""Of the boxes: from here on small ones decide about the result."""
CPU_BATCH, GPU_BATCH = 8, 32
CACHE_SHARE = 0.25
BYTES_PER_PIXEL = 3
FEW_STEPS = 8
"""Batches in an epoch, at least: fewer are too few steps for the optimizer."""


@dataclass(frozen=True)
class Situation:
    """What a preset is made for. None = not known."""

    mode: str
    train_images: int | None
    small_boxes: float | None
    """Share of boxes under 32 × 32 pixels at an image size of 640, from the last check."""
    images_under_px: int | None
    """Half of the images are not longer than this, from the last check."""
    gpu: bool
    largest_batch: Callable[[int], int]
    """From an image size to the most images per step that the memory allows; 0 = none."""
    memory_free_bytes: int
    """Of the host."""
    cores: int


@dataclass(frozen=True)
class Choice:
    """One field of a preset."""

    field: str
    value: float | str | bool
    why: dict[str, str]
    """The reason by language: `en`, `ja`."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"field": self.field, "value": self.value, "why": self.why}


def preset(name: Name, seen: Situation) -> list[Choice]:
    """What the preset of this name sets, in the order in which the choices depend on each other."""
    imgsz = _imgsz(name, seen)
    batch = _batch(seen, int(imgsz.value))
    epochs = _epochs(name, seen)
    choices = [imgsz, batch, epochs, _patience(int(epochs.value)), *_rate(seen)]
    if freeze := _freeze(seen):
        choices.append(freeze)
    return [*choices, _workers(seen), *_cache(seen, int(imgsz.value))]


def _imgsz(name: Name, seen: Situation) -> Choice:
    small, side = seen.small_boxes, seen.images_under_px
    if side and side <= SMALL_IMAGES_PX:
        return _choice(
            "imgsz",
            max(64, side // 32 * 32),
            f"most images are not longer than {side} px: more would only enlarge them",
            f"画像の多くは長辺 {side} px 以下です。それ以上は拡大になるだけです",
        )
    if name == "quick":
        return _choice("imgsz", 320, "a quarter of the work of 640", "計算量が 640 の 4 分の 1")
    if small is not None and small >= SMALL_SHARE and seen.gpu:
        return _choice(
            "imgsz",
            1280 if name == "thorough" else 960,
            f"{small:.0%} of the boxes are under 32 × 32 px at 640",
            f"ボックスの {small:.0%} が 640 で 32 × 32 px 未満です",
        )
    if small is None:
        return _choice(
            "imgsz",
            640,
            "check the dataset, and the size of its boxes decides here",
            "データセットを検証すると、ボックスの大きさから決められます",
        )
    return _choice(
        "imgsz",
        640,
        f"{small:.0%} of the boxes are under 32 × 32 px at this size",
        f"この大きさで 32 × 32 px 未満のボックスは {small:.0%} です",
    )


def _batch(seen: Situation, imgsz: int) -> Choice:
    most = GPU_BATCH if seen.gpu else CPU_BATCH
    fits = min(most, seen.largest_batch(imgsz)) or 1
    images = seen.train_images
    if images and images // fits < FEW_STEPS:
        few = max(2, 1 << max(0, (images // FEW_STEPS).bit_length() - 1))
        if few < fits:
            return _choice(
                "batch_size",
                few,
                f"{images} images: a larger one would leave fewer than {FEW_STEPS} steps an epoch",
                f"画像 {images} 枚では、これより大きいと 1 エポックが {FEW_STEPS} ステップ未満です",
            )
    if not seen.gpu:
        return _choice(
            "batch_size",
            fits,
            "on the CPU larger is no quicker",
            "CPU では増やしても速くなりません",
        )
    if fits < most:
        return _choice(
            "batch_size",
            fits,
            f"the most that the GPU memory allows at {imgsz} px",
            f"{imgsz} px で GPU メモリに収まる最大です",
        )
    return _choice(
        "batch_size",
        fits,
        "fits the GPU memory with room to spare",
        "GPU メモリに余裕をもって収まります",
    )


def _epochs(name: Name, seen: Situation) -> Choice:
    low, high = EPOCHS[name]
    images = seen.train_images
    if not images:
        return _choice("epochs", 100, "the number of images is not known", "画像の枚数が不明です")
    wanted = round(SEEN_IMAGES[name] / images)
    epochs = min(high, max(low, wanted))
    return _choice(
        "epochs",
        epochs,
        f"{images} training images × {epochs} = {images * epochs:,} looks",
        f"学習画像 {images} 枚 × {epochs} = のべ {images * epochs:,} 枚",
    )


def _patience(epochs: int) -> Choice:
    value = max(5, epochs // 4)
    return _choice(
        "patience",
        value,
        f"stops when a quarter of the {epochs} epochs brought nothing",
        f"{epochs} エポックの 4 分の 1 の間改善がなければ停止します",
    )


def _rate(seen: Situation) -> list[Choice]:
    if seen.train_images and seen.train_images < FEW_IMAGES:  # as `fitting` would, unasked
        why = (
            f"{seen.train_images} images are few: it learns in fewer steps",
            f"画像 {seen.train_images} 枚は少ないため、少ないステップで学習できます",
        )
        return [
            _choice("optimizer", "AdamW", *why),
            _choice("learning_rate", SMALL_RATE, *why),
        ]
    if seen.mode == "full":
        why = ("the usual start from random weights", "乱数の重みからの標準的な設定")
        return [_choice("optimizer", "SGD", *why), _choice("learning_rate", 0.01, *why)]
    why = ("trained weights: small steps keep what they know", "学習済みの重みを壊さない小さな歩幅")
    return [_choice("optimizer", "AdamW", *why), _choice("learning_rate", 0.001, *why)]


def _freeze(seen: Situation) -> Choice | None:
    images = seen.train_images
    if seen.mode != "transfer" or not images:
        return None
    if images < FEW_IMAGES:
        return _choice(
            "freeze",
            10,
            f"{images} images are too few to teach the backbone anew",
            f"画像 {images} 枚では、バックボーンを学習し直すには足りません",
        )
    return _choice(
        "freeze",
        0,
        f"{images} images are enough to adapt the backbone too",
        f"画像 {images} 枚あれば、バックボーンも適応できます",
    )


def _workers(seen: Situation) -> Choice:
    if not seen.gpu or seen.cores <= 2 or (seen.train_images or 0) < FEW_IMAGES:
        return _choice(
            "workers",
            0,
            "few images or few cores: loader processes would cost more than they bring",
            "画像またはコアが少なく、読み込み用プロセスは割に合いません",
        )
    value = min(8, seen.cores - 1)
    return _choice(
        "workers", value, f"the host has {seen.cores} cores", f"ホストのコア数は {seen.cores} です"
    )


def _cache(seen: Situation, imgsz: int) -> list[Choice]:
    images = seen.train_images
    if not images:
        return []
    need = images * imgsz * imgsz * BYTES_PER_PIXEL
    if need > CACHE_SHARE * seen.memory_free_bytes:
        return []
    held = f"{need / GIB:.1f} GiB" if need >= GIB else f"{-(-need // MIB)} MiB"
    free = f"{seen.memory_free_bytes / GIB:.1f} GiB"
    return [
        _choice(
            "cache",
            "ram",
            f"images are decoded once: {held} of the {free} of memory that are free",
            f"画像の復号は一度だけです。空きメモリ {free} のうち {held} を使います",
        )
    ]


def _choice(field: str, value: float | str | bool, en: str, ja: str) -> Choice:
    return Choice(field, value, {"en": en, "ja": ja})
