"""Sentences of verdicts, slices and advice, in English and Japanese, with the numbers in them."""

from services.analyzer.domain.significance import Difference

Sentence = dict[str, str]
"""A sentence by language: `en`, `ja`."""

_VERDICTS: dict[tuple[str, str], tuple[str, str]] = {
    ("better", "accuracy"): (
        "The candidate is better: {map_en}.",
        "候補モデルの方が良いです。{map_ja}。",
    ),
    ("better", "false_alarms"): (
        "The candidate is better: {alarms_en}; mAP50-95 is not shown to differ.",
        "候補モデルの方が良いです。{alarms_ja}。mAP50-95 の差は確認できません。",
    ),
    ("better", "both"): (
        "The candidate is better: {map_en}, and {alarms_en}.",
        "候補モデルの方が良いです。{map_ja}、{alarms_ja}。",
    ),
    ("worse", "accuracy"): (
        "The candidate is worse: {map_en}.",
        "候補モデルの方が悪いです。{map_ja}。",
    ),
    ("worse", "false_alarms"): (
        "The candidate is worse: {alarms_en}; mAP50-95 is not shown to differ.",
        "候補モデルの方が悪いです。{alarms_ja}。mAP50-95 の差は確認できません。",
    ),
    ("worse", "both"): (
        "The candidate is worse: {map_en}, and {alarms_en}.",
        "候補モデルの方が悪いです。{map_ja}、{alarms_ja}。",
    ),
    ("cannot_tell", "mixed"): (
        "A trade, not a verdict: {map_en}, but {alarms_en}. Decide which matters more.",
        "一長一短です。{map_ja}、一方で{alarms_ja}。どちらを重視するか判断してください。",
    ),
    ("cannot_tell", "within_noise"): (
        "These images cannot tell the two apart: {map_en}. More images would narrow the interval.",
        "この画像集合では差を判定できません。{map_ja}。画像を増やすと区間が狭まります。",
    ),
    ("cannot_tell", "too_few"): (
        "Too few images for a verdict: 30 labels, or 30 images without a logo, are needed at "
        "least; {map_en}.",
        "判定には少なすぎます。ラベル 30 個、またはロゴのない画像 30 枚以上が必要です。{map_ja}。",
    ),
    ("cannot_tell", "too_small"): (
        "The two differ, but by less than matters: {map_en}.",
        "差はありますが、実用上は無視できる大きさです。{map_ja}。",
    ),
    ("cannot_tell", "identical"): (
        "Every number of the two is the same on these images.",
        "この画像集合では、すべての数値が一致します。",
    ),
}


def verdict_sentence(verdict: str, reason: str, found: dict[str, Difference | None]) -> Sentence:
    """The verdict in words, with the numbers that it rests on."""
    en, ja = _VERDICTS[verdict, reason]
    accuracy, alarms = found["map50_95"], found["false_alarms_per_1000"]
    parts = {
        "map_en": _shown("mAP50-95", accuracy, ".4f"),
        "map_ja": _shown("mAP50-95", accuracy, ".4f", ja=True),
        "alarms_en": _shown("false alarms per 1,000 clean images", alarms, ".1f"),
        "alarms_ja": _shown("ロゴなし画像 1,000 枚あたりの誤検出", alarms, ".1f", ja=True),
    }
    return {"en": en.format(**parts), "ja": ja.format(**parts)}


def _shown(name: str, each: Difference | None, form: str, *, ja: bool = False) -> str:
    if each is None:
        return f"{name} は定義されません" if ja else f"{name} is not defined"
    low, high = each.bounds.low, each.bounds.high
    if ja:
        return f"{name} の差 {each.delta:+{form}}（95 % 区間 {low:+{form}} ~ {high:+{form}}）"
    return f"{name} {each.delta:+{form}} (95 % interval {low:+{form}} to {high:+{form}})"


def weak_slice(
    words: Sentence, metric: str, shown: dict[str, float], rest: float, labels: int
) -> Sentence:
    """A weak part of the set in words."""
    value, low, high = shown["value"], shown["low"], shown["high"]
    about = words["en"][0].upper() + words["en"][1:]
    return {
        "en": f"{about}: {metric} {value:.2f} ({low:.2f} to {high:.2f}) on {labels} labels, "
        f"{rest:.2f} on all others.",
        "ja": f"{words['ja']}: {metric} {value:.2f}（{low:.2f} ~ {high:.2f}、ラベル {labels} 個）、"
        f"それ以外は {rest:.2f}。",
    }
