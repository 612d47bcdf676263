"""Rules on the set: what spoils the numbers, however good the model is."""

import math

from services.analyzer.domain.facts import FEWEST_LABELS, Advice, Facts, listed

WIDEST = 0.1
"""A 95 % interval of mAP50-95 wider than this tells few models apart."""


def judged_on_train(facts: Facts) -> Advice | None:
    """The split that the model learnt from proves nothing."""
    if facts.split != "train":
        return None
    return Advice(
        "judged_on_train",
        "These numbers are of the train split, which the model learnt by heart: judge it on test.",
        "train は学習に使ったデータなので、この数値は性能を示しません。test で評価してください。",
        {"split": facts.split},
    )


def leakage(facts: Facts) -> Advice | None:
    """Images of this split that are in train too."""
    if not facts.in_train or facts.split == "train":
        return None
    share = facts.in_train / facts.images
    return Advice(
        "leakage",
        f"{facts.in_train} of {facts.images} images ({share:.0%}) are in train too, byte for byte: "
        "the numbers flatter. Take them out of one of the two.",
        f"{facts.images} 枚中 {facts.in_train} 枚（{share:.0%}）が train にも含まれるため、"
        "数値が実力より高く出ます。どちらかから除いてください。",
        {"images": facts.in_train, "of": facts.images},
    )


def no_clean_images(facts: Facts) -> Advice | None:
    """False alarms cannot be counted."""
    if facts.clean_images:
        return None
    return Advice(
        "no_clean_images",
        "No image here is without a logo, so false alarms cannot be counted: add product images "
        "without logos, as most are in use.",
        "ロゴのない画像がないため、誤検出を測れません。実際の利用に近い、ロゴのない商品画像を"
        "加えてください。",
        {"clean_images": 0, "images": facts.images},
    )


def too_few_for_a_verdict(facts: Facts) -> Advice | None:
    """The interval is so wide that most improvements would drown in it."""
    if facts.map50_95 is None:
        return None
    value, low, high = facts.map50_95
    if high - low <= WIDEST:
        return None
    wanted = math.ceil(facts.images * ((high - low) / WIDEST) ** 2)
    return Advice(
        "too_few_for_a_verdict",
        f"mAP50-95 is {value:.3f}, but could be {low:.3f} to {high:.3f} on other images of this "
        f"kind: {facts.images} are too few to tell two models apart. About {wanted:,} would do.",
        f"mAP50-95 は {value:.3f} ですが、95 % 区間が {low:.3f} ~ {high:.3f} と広く、"
        f"{facts.images} 枚ではモデルの優劣を判定できません。約 {wanted:,} 枚あれば足ります。",
        {"value": value, "low": low, "high": high, "images_wanted": wanted},
    )


def classes_with_few_labels(facts: Facts) -> Advice | None:
    """Classes whose own numbers mean little."""
    few = sorted((n, name) for name, n in facts.support.items() if n < FEWEST_LABELS)
    if not few or len(facts.support) < 2:
        return None
    names = listed([name for _, name in few])
    return Advice(
        "classes_with_few_labels",
        f"{len(few)} of {len(facts.support)} classes have fewer than {FEWEST_LABELS} labels here "
        f"({names}): their own numbers are guesses. Label more of them.",
        f"{len(facts.support)} クラス中 {len(few)} クラスはラベルが {FEWEST_LABELS} 個未満です"
        f"（{names}）。クラス別の数値は目安に過ぎません。ラベルを増やしてください。",
        {"classes": [name for _, name in few], "fewest": few[0][0]},
    )


def labels_to_look_at(facts: Facts) -> Advice | None:
    """The model contradicts labels."""
    if facts.suspects < 5:
        return None
    return Advice(
        "labels_to_look_at",
        f"The model firmly contradicts {facts.suspects} labels: look at them first; each that is "
        "wrong spoils these numbers too.",
        f"モデルが強く食い違うラベルが {facts.suspects} 件あります。まず確認してください。"
        "誤ったラベルはこの数値も歪めます。",
        {"suspects": facts.suspects},
    )
