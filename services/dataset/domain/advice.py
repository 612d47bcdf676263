"""What to do with a dataset next, in sentences with the number they rest on, in two languages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.dataset.domain.tally import Tally

MANY_SMALL = 0.3
CLEARLY_SMALL = 0.5
LOOK_ALIKE = 1.1
"""Distance of two classes, over the distance inside them, up to which they look alike."""


class Advice(NamedTuple):
    """One sentence."""

    en: str
    ja: str


def advise(tally: Tally, figures: Mapping[str, Any], quirks: Sequence[str]) -> list[Advice]:
    """The most urgent first; when nothing is to be done, a sentence that says so."""
    told = [*_faults(tally), *_leaks(tally), *_classes(tally), *_sizes(figures), *_looks(figures)]
    if not told:
        text = "Nothing stands in the way of a training.", "学習を妨げるものはありません。"
        told.append(Advice(*text))
    return told + [Advice(quirk, quirk) for quirk in quirks]


def _faults(tally: Tally) -> Iterator[Advice]:
    errors = tally.findings.of("E")
    lost = sum(split.images - split.usable for split in tally.splits.values())
    if lost:
        yield Advice(
            f"The trainer would leave out {lost} images. Mend the {errors} errors first.",
            f"学習では {lost} 枚の画像が除外されます。先に {errors} 件のエラーを直してください。",
        )
    elif errors:
        yield Advice(
            f"Mend the {errors} errors before training.",
            f"学習の前に {errors} 件のエラーを直してください。",
        )
    if "val" not in tally.splits and "train" in tally.splits:
        yield Advice(
            "There is no val split: POST /dataset/split makes one.",
            "val の分割がありません。POST /dataset/split で作成できます。",
        )


def _leaks(tally: Tally) -> Iterator[Advice]:
    rules = tally.findings.summary()
    copies = {rule: n for rule, n in rules.items() if rule.endswith("_across_splits")}
    named = copies.pop("same_source_across_splits", 0)  # often the same images again
    if leaks := sum(copies.values()) or named:
        yield Advice(
            f"{leaks} images have a twin in another split: the figures will be too good. Split the "
            "dataset anew: POST /dataset/split keeps twins together.",
            f"{leaks} 枚の画像が別の分割の画像と重複しており、評価値が実際より良く出ます。"
            "POST /dataset/split で分割し直してください(似た画像は同じ分割にまとまります)。",
        )
    doubted = sum(n for rule, n in rules.items() if rule.endswith("_suspect"))
    if doubted:
        yield Advice(
            f"{doubted} labels are doubtful: look at them before training.",
            f"疑わしいラベルが {doubted} 件あります。学習の前に確認してください。",
        )


def _classes(tally: Tally) -> Iterator[Advice]:
    rules = tally.findings.summary()
    few = rules.get("few_samples_class", 0)
    if few or rules.get("class_imbalance"):
        yield Advice(
            f"Collect more images of the rare classes ({few} have too few boxes), or delete those "
            "that do not matter.",
            f"少ないクラス({few} クラスでボックス不足)の画像を増やすか、"
            "不要なクラスを削除してください。",
        )
    if rules.get("segments_in_detection_set"):
        count = rules["segments_in_detection_set"]
        yield Advice(
            f"Polygons are read as the boxes around them ({count} files); for detection that is "
            "fine.",
            f"ポリゴンは外接ボックスとして読み込まれます({count} ファイル)。"
            "物体検出では問題ありません。",
        )


def _sizes(figures: Mapping[str, Any]) -> Iterator[Advice]:
    share, size = figures["boxes"]["by_size"]["small"], figures["imgsz"]
    if share >= MANY_SMALL:
        yield Advice(
            f"{share:.0%} of the boxes are small (under 32 × 32 pixels at a training size of "
            f"{size}): train at a larger size, or cut the images into tiles.",
            f"ボックスの {share:.0%} は学習サイズ {size} で 32 × 32 ピクセル未満です。"
            "学習サイズを上げるか、画像をタイルに分割してください。",
        )
        return
    small = {n: s for n, s in figures["boxes"]["small_by_class"].items() if s >= CLEARLY_SMALL}
    if small:
        names = ", ".join(f"{name} ({part:.0%})" for name, part in list(small.items())[:3])
        yield Advice(
            f"Most boxes of {len(small)} classes are small at a training size of {size}: {names}. "
            "Their recall will be low; train at a larger size.",
            f"{len(small)} クラスでは、学習サイズ {size} でボックスの多くが小さすぎます: {names}。"
            "再現率が低くなります。学習サイズを上げてください。",
        )


def _looks(figures: Mapping[str, Any]) -> Iterator[Advice]:
    alike = [pair for pair in figures["look_alikes"] if pair["distance"] <= LOOK_ALIKE]
    for pair in [p for p in alike if p["confused"] >= 0.2][:3]:
        one, other = pair["classes"]
        yield Advice(
            f"'{one}' and '{other}' look alike ({pair['confused']:.0%} of their boxes are nearer "
            "to the other class): check their labels, and add images that tell them apart.",
            f"'{one}' と '{other}' は見た目が似ています(ボックスの {pair['confused']:.0%} が相手の"
            "クラスに近い)。ラベルを確認し、違いの分かる画像を追加してください。",
        )
