"""What a judgement of a model looks like on a terminal, in English or Japanese."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from libs.client import show
from libs.client.show import Json

MOST_CLASSES = 8
HEADLINE = (
    "map50_95",
    "map50",
    "precision",
    "recall",
    "f1_score",
    "accuracy",
    "false_alarms_per_1000",
)
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "map50_95": "mAP50-95",
        "map50": "mAP50",
        "precision": "precision",
        "recall": "recall",
        "f1_score": "F1",
        "accuracy": "images wholly right",
        "false_alarms_per_1000": "false alarms per 1,000 clean images",
        "at": "at confidence {confidence:g}, IoU {iou:g}; {images} images, {labels} labels",
        "interval": "95 % interval",
        "worst": "weakest classes",
        "causes": "errors by cause",
        "cause": "cause",
        "boxes": "boxes",
        "gain": "AP if mended",
        "slices": "weakest parts",
        "advice": "what to do",
        "no_class": "no class has labels",
        "no_cause": "no errors",
        "no_alarms": "no clean image",
        "cls": "wrong class (cls)",
        "loc": "wrong place (loc)",
        "both": "wrong class and place (both)",
        "dup": "found twice (dup)",
        "bkg": "nothing there (bkg)",
        "miss": "not found (miss)",
    },
    "ja": {
        "map50_95": "mAP50-95",
        "map50": "mAP50",
        "precision": "適合率",
        "recall": "再現率",
        "f1_score": "F1",
        "accuracy": "すべて正しい画像",
        "false_alarms_per_1000": "ロゴのない 1,000 枚あたりの誤検出",
        "at": "信頼度 {confidence:g}、IoU {iou:g}、画像 {images} 枚、ラベル {labels} 個",
        "interval": "95 % 区間",
        "worst": "弱いクラス",
        "causes": "誤りの原因",
        "cause": "原因",
        "boxes": "個数",
        "gain": "直したときの AP",
        "slices": "弱い部分",
        "advice": "次にすること",
        "no_class": "ラベルのあるクラスがありません",
        "no_cause": "誤りはありません",
        "no_alarms": "ロゴのない画像なし",
        "cls": "クラスの誤り (cls)",
        "loc": "位置の誤り (loc)",
        "both": "クラスと位置の誤り (both)",
        "dup": "二重の検出 (dup)",
        "bkg": "何もない所 (bkg)",
        "miss": "見逃し (miss)",
    },
}


def judgement(console: Console, report: Json, language: str = "en") -> None:
    """Headline with intervals, weakest classes, causes with their cost, weak parts, advice."""
    words = WORDS[language]
    place = {
        "confidence": report["confidence_threshold"],
        "iou": report.get("match_iou", 0.5),
        "images": report["total_images"],
        "labels": report.get("total_labels", "?"),
    }
    console.print(words["at"].format(**place), style="dim", highlight=False)
    _headline(console, report, words)
    _classes(console, report.get("class_metrics") or {}, words)
    _causes(console, report, words)
    _sentences(console, words["slices"], _weak_parts(report, language))
    advice = [each["sentence"][language] for each in report.get("advice") or []]
    _sentences(console, words["advice"], advice)
    for note in report.get("notes") or []:
        console.print(note, style="yellow", highlight=False, markup=False)
    if "validation_id" in report:
        console.print(f"shirushi report {report['validation_id']}", style="dim", highlight=False)


def _headline(console: Console, report: Json, words: Mapping[str, str]) -> None:
    intervals = (report.get("uncertainty") or {}).get("intervals") or {}
    alarms = (report.get("false_alarms") or {}).get("per_1000_images")
    values: dict[str, Any] = {**report, "false_alarms_per_1000": alarms}
    rows = []
    for name in HEADLINE:
        bounds = intervals.get(name)
        value = values.get(name)
        digits = 1 if name == "false_alarms_per_1000" else 3
        rows.append(
            {
                "": words[name],
                " ": words["no_alarms"] if value is None else f"{value:.{digits}f}",
                words["interval"]: _interval(bounds, digits) if bounds else None,
            }
        )
    show.rows(console, rows, ("", " ", words["interval"]), "")


def _interval(bounds: Mapping[str, float], digits: int) -> str:
    return f"{bounds['low']:.{digits}f} – {bounds['high']:.{digits}f}"


def _classes(console: Console, metrics: Mapping[str, Json], words: Mapping[str, str]) -> None:
    """The classes with the lowest F1 among those with labels."""
    labelled = [(name, row) for name, row in metrics.items() if row["support"]]
    labelled.sort(key=lambda entry: (entry[1]["f1"], entry[0]))
    rows = [{words["worst"]: name, **row} for name, row in labelled[:MOST_CLASSES]]
    columns = ("support", "precision", "recall", "f1", "ap50", "tp", "fp", "fn")
    console.print()
    show.rows(console, rows, (words["worst"], *columns), words["no_class"])


def _causes(console: Console, report: Json, words: Mapping[str, str]) -> None:
    """How often each cause occurs, and what AP mending it would give."""
    counts = (report.get("error_analysis") or {}).get("causes") or {}
    gains = (report.get("tide") or {}).get("delta_ap") or {}
    rows = [
        {
            words["causes"]: words[cause],
            words["boxes"]: count,
            words["gain"]: f"{gains[cause]:+.3f}" if cause in gains else None,
        }
        for cause, count in counts.items()
        if count
    ]
    console.print()
    show.rows(console, rows, (words["causes"], words["boxes"], words["gain"]), words["no_cause"])


def _weak_parts(report: Json, language: str) -> list[str]:
    found = []
    for part in (report.get("slices") or {}).get("weakest") or []:
        sentence = part.get("sentence") or part.get("words") or {}
        if language in sentence:
            found.append(sentence[language])
    return found


def _sentences(console: Console, title: str, sentences: list[str]) -> None:
    if sentences:
        console.print(f"\n[bold]{escape(title)}[/]", highlight=False)
    for sentence in sentences:
        console.print(f"• {escape(sentence)}", highlight=False)
