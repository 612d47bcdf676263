"""Rules on the model: where its errors come from, and what to change."""

import math
from statistics import median

from services.analyzer.domain.facts import Advice, Facts, listed

SMALL_PX = 24
"""Below this size at the inference size the strides of a YOLO leave about three cells to a logo."""
FEWEST_ERRORS = 10
MOST_OF = 0.6


def misses_in_few_classes(facts: Facts) -> Advice | None:
    """A few classes cause most misses; what they have in common is their size, or not."""
    total = sum(facts.misses.values())
    worst = sorted(facts.support, key=lambda name: (-facts.misses.get(name, 0), name))
    most, seen = max(1, len(worst) // 3), 0
    if total < FEWEST_ERRORS or len(worst) < 3:
        return None
    for count, name in enumerate(worst[:most], start=1):
        seen += facts.misses.get(name, 0)
        expected = sum(facts.support[each] for each in worst[:count]) / sum(facts.support.values())
        if seen >= MOST_OF * total and seen / total >= 1.5 * expected:
            return _few_classes(facts, worst[:count], seen / total)
    return None


def _few_classes(facts: Facts, names: list[str], share: float) -> Advice:
    sizes = [median(facts.missed_px[name]) for name in names if facts.missed_px.get(name)]
    small = bool(sizes) and max(sizes) < SMALL_PX and facts.imgsz is not None
    of, who = len(facts.support), listed(names)
    en = f"{len(names)} of {of} classes ({who}) cause {share:.0%} of misses"
    ja = f"{of} クラス中 {len(names)} クラス（{who}）が見落としの {share:.0%} です"
    if small and facts.imgsz:
        en += (
            f"; most missed logos of each are below {SMALL_PX} px at imgsz {facts.imgsz}: "
            f"{_larger_en(facts.imgsz)}."
        )
        ja += (
            f"。見落としの多くは imgsz {facts.imgsz} で {SMALL_PX} px 未満です。"
            f"{_larger_ja(facts.imgsz)}。"
        )
    else:
        en += ": add training images of them, or look whether their labels are complete."
        ja += "。これらの学習画像を増やすか、ラベルの漏れを確認してください。"
    return Advice(
        "misses_in_few_classes", en, ja, {"classes": names, "share": share, "small": small}
    )


def misses_are_small(facts: Facts) -> Advice | None:
    """Most missed logos are small."""
    missed = [px for own in facts.missed_px.values() for px in own]
    small = sum(px < SMALL_PX for px in missed)
    if facts.imgsz is None or len(missed) < FEWEST_ERRORS or small < 0.5 * len(missed):
        return None
    share = small / len(missed)
    return Advice(
        "misses_are_small",
        f"{share:.0%} of the {len(missed)} missed logos are below {SMALL_PX} px at imgsz "
        f"{facts.imgsz}: {_larger_en(facts.imgsz)}.",
        f"見落とした {len(missed)} 個のロゴの {share:.0%} は imgsz {facts.imgsz} で "
        f"{SMALL_PX} px 未満です。{_larger_ja(facts.imgsz)}。",
        {"small": small, "missed": len(missed), "imgsz": facts.imgsz},
    )


def alarms_of_one_class(facts: Facts) -> Advice | None:
    """One class makes most of the false alarms: a threshold of its own stops them."""
    total = sum(facts.alarms.values())
    if total < FEWEST_ERRORS or len(facts.alarms) < 2:
        return None
    name = max(facts.alarms, key=lambda each: (facts.alarms[each], each))
    share = facts.alarms[name] / total
    if share < 0.5:
        return None
    threshold = facts.alarm_thresholds.get(name)
    useful = threshold is not None and threshold > facts.confidence
    en = f"{name} makes {share:.0%} of the {total} false alarms on images without a logo"
    ja = f"ロゴのない画像での誤検出 {total} 件の {share:.0%} は {name} です"
    if useful:
        en += f": give it a confidence threshold of its own, {threshold:.2f}."
        ja += f"。このクラスの確信度しきい値を {threshold:.2f} にしてください。"
    else:
        en += ": add such images to the training without a label."
        ja += "。そのような画像をラベルなしで学習に加えてください。"
    return Advice(
        "alarms_of_one_class",
        en,
        ja,
        {"class": name, "alarms": facts.alarms[name], "of": total, "threshold": threshold},
    )


def look_alikes(facts: Facts) -> Advice | None:
    """One class is taken for another."""
    pairs = [
        (lost / facts.support[true], true, said, lost)
        for true, said, lost in facts.confused
        if lost >= 5 and lost >= 0.1 * facts.support.get(true, math.inf)
    ]
    if not pairs:
        return None
    share, true, said, lost = max(pairs)
    return Advice(
        "look_alikes",
        f"{lost} of {facts.support[true]} logos of {true} ({share:.0%}) are taken for {said}: "
        "look at both side by side, correct swapped labels, then add images that tell them apart.",
        f"{true} のロゴ {facts.support[true]} 個中 {lost} 個（{share:.0%}）が {said} と判定されて"
        "います。両者を見比べてラベルの取り違えを直し、区別できる画像を加えてください。",
        {"true": true, "said": said, "labels": lost, "of": facts.support[true]},
    )


def boxes_out_of_place(facts: Facts) -> Advice | None:
    """Most errors are right logos in a wrong place."""
    return _cause(
        facts, "loc", 0.4,
        "of the errors are right logos with a badly placed box: are the labels drawn tightly and "
        "in the same way everywhere?",
        "は、ロゴは合っていて位置がずれた検出です。ラベルの枠が一様に引かれているか確認してください。",
    )  # fmt: skip


def logos_found_twice(facts: Facts) -> Advice | None:
    """Suppression leaves double boxes."""
    return _cause(
        facts, "dup", 0.25,
        "of the errors are second boxes on a logo that is found: lower iou_threshold.",
        "は、同じロゴへの重複した検出です。iou_threshold を下げてください。",
    )  # fmt: skip


def better_confidence(facts: Facts) -> Advice | None:
    """Another threshold for all gives a clearly better F1."""
    if facts.best_f1 is None:
        return None
    now, best, confidence = facts.best_f1
    if best - now < 0.02:
        return None
    return Advice(
        "better_confidence",
        f"At confidence {confidence:.2f} F1 would be {best:.3f} instead of {now:.3f} at "
        f"{facts.confidence:.2f}. Choose it on val, not here.",
        f"確信度 {confidence:.2f} なら F1 は {best:.3f} です（{facts.confidence:.2f} では "
        f"{now:.3f}）。しきい値は val で選んでください。",
        {"f1": now, "best_f1": best, "confidence": confidence},
    )


def calibration_off(facts: Facts) -> Advice | None:
    """Confidence does not mean what it says."""
    if facts.ece is None or facts.sure_detections < 100 or facts.ece < 0.1:
        return None
    much = facts.overconfidence > 0
    return Advice(
        "calibration_off",
        f"Confidence is off by {facts.ece:.2f} on average: the model is "
        f"{'too sure of itself' if much else 'surer than it says'}. Choose thresholds by their "
        "measured precision, not by the confidence itself.",
        f"確信度と実際の正解率の差は平均 {facts.ece:.2f} です"
        f"（{'過信' if much else '控えめ'}）。しきい値は確信度の値ではなく、実測した適合率で"
        "選んでください。",
        {"ece": facts.ece, "overconfidence": facts.overconfidence},
    )


def _cause(facts: Facts, cause: str, least: float, en: str, ja: str) -> Advice | None:
    total = sum(facts.causes.values())
    count = facts.causes.get(cause, 0)
    if count < FEWEST_ERRORS or count < least * total:
        return None
    share = count / total
    return Advice(
        f"cause_{cause}",
        f"{count} of {total} ({share:.0%}) {en}",
        f"誤り {total} 件中 {count} 件（{share:.0%}）{ja}",
        {"errors": count, "of": total},
    )


def _larger_en(imgsz: int) -> str:
    larger = min(math.ceil(1.5 * imgsz / 32) * 32, 1280)
    return f"train at {larger}, or tile" if larger > imgsz else "cut the images into tiles"


def _larger_ja(imgsz: int) -> str:
    larger = min(math.ceil(1.5 * imgsz / 32) * 32, 1280)
    if larger > imgsz:
        return f"imgsz {larger} で学習するか、画像を分割してください"
    return "画像を分割してください"
