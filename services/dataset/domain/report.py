"""The answer of a dataset check, in the shape that the REST contract gives it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.dataset.domain.advice import advise
from services.dataset.domain.findings import Findings, Severity
from services.dataset.domain.statistics import figures
from services.dataset.domain.tally import SplitTally, Tally
from services.dataset.domain.texts import Lang
from services.dataset.domain.wording import in_language

SPLITS = ("train", "val", "test")
_LINE = {"en": "line {}", "ja": "{} 行目"}
_TIMES = {"en": " ({} times)", "ja": "({} 件)"}


@dataclass(frozen=True, slots=True)
class About:
    """What the report is about."""

    validation_id: str
    dataset_path: str
    """As the user wrote it."""
    names: tuple[str, ...]
    sources: Mapping[str, str]
    """Where each split that is there was found, relative to the dataset's folder."""
    quirks: Sequence[str]
    seconds: float
    mode: str = "full"
    reused: Mapping[str, int] = field(default_factory=dict)
    """Files that were not looked at again, because they have not changed: images, labels."""
    imgsz: int = 640
    """The training size that sizes of boxes are told at, in pixels."""


def build_report(about: About, tally: Tally) -> dict[str, Any]:
    """The answer of `POST /dataset/validate`, ready for JSON; what is stored adds its links."""
    findings, splits = tally.findings, tally.splits
    distribution = {name: _by_name(about.names, s.instances) for name, s in splits.items()}
    return {
        "validation_id": about.validation_id,
        "dataset_path": about.dataset_path,
        "valid": findings.of("E") == 0,
        "total_images": sum(split.images for split in splits.values()),
        "total_labels": sum(split.labels for split in splits.values()),
        **{f"{name}_info": _split_info(about, name, tally) for name in SPLITS},
        "classes": list(about.names),
        "class_distribution": distribution,
        "errors": sentences(findings, "E"),
        "warnings": sentences(findings, "W"),
        "statistics": _statistics(about, tally),
        "findings": [finding.as_dict() for finding in findings.listed()],
        "summary": findings.summary(),
        "usable": {n: {"images": s.usable, "of": s.images} for n, s in splits.items()},
        "mode": about.mode,
        "reused": dict(about.reused),
        "processing_time": round(about.seconds, 3),
    }


@dataclass(frozen=True, slots=True)
class ReportPlace:
    """Where one attempt at a check keeps what it tells.

    No other attempt writes there: one that was thought dead and wakes up overwrites nothing that a
    fact has told of. Readers take the keys from the fact.
    """

    job_id: str
    attempt: int

    def report(self, lang: Lang = "en") -> str:
        """Key of the report in a language."""
        return self._key("report.json" if lang == "en" else f"report.{lang}.json")

    @property
    def findings(self) -> str:
        """Key of all the findings, a row each."""
        return self._key("findings.parquet")

    def picture(self, name: str) -> str:
        """Key of a diagram."""
        return self._key(f"{name}.png")

    def _key(self, name: str) -> str:
        return f"datasets/.reports/{self.job_id}/{self.attempt}/{name}"


def translated(report: Mapping[str, Any], findings: Findings, lang: Lang) -> dict[str, Any]:
    """The same report with its sentences on findings in another language."""
    told, figured = dict(report), report["statistics"]
    advice = "recommendations_ja" if lang == "ja" else "recommendations"
    for name in SPLITS:
        told[f"{name}_info"] = report[f"{name}_info"] | {
            "errors": sentences(findings, "E", name, lang=lang),
            "warnings": sentences(findings, "W", name, lang=lang),
        }
    return told | {
        "errors": sentences(findings, "E", lang=lang),
        "warnings": sentences(findings, "W", lang=lang),
        "statistics": figured | {"recommendations": figured[advice]},
        "findings": [in_language(finding, lang) for finding in report["findings"]],
    }


def sentences(
    findings: Findings, severity: Severity, split: str | None = None, *, lang: Lang = "en"
) -> list[str]:
    """One sentence per rule and split, with the number of findings and the first of them."""
    told: list[str] = []
    for (rule, weight, where), count in sorted(
        findings.counts.items(), key=lambda entry: (-entry[1], entry[0][0])
    ):
        if weight != severity or (split is not None and where != split):
            continue
        examples = findings.examples[rule]
        example = next((finding for finding in examples if finding.split == where), examples[0])
        place = ", ".join(
            part
            for part in (example.file, _LINE[lang].format(example.line) if example.line else None)
            if part
        )
        head = f"{where}: " if where else ""
        more = _TIMES[lang].format(count) if count > 1 else ""
        message = in_language(
            {"rule": rule, "value": example.value, "message": example.message}, lang
        )
        told.append(f"{head}{f'{place}: ' if place else ''}{message['message']}{more} [{rule}]")
    return told


def _split_info(about: About, name: str, tally: Tally) -> dict[str, Any]:
    split = tally.splits.get(name, SplitTally())
    there = name in about.sources
    return {
        "path": about.sources.get(name),
        "exists": there,
        "num_images": split.images,
        "num_labels": split.labels,
        "class_distribution": _by_name(about.names, split.instances) if there else {},
        "errors": sentences(tally.findings, "E", name),
        "warnings": sentences(tally.findings, "W", name),
        "statistics": {
            "instances": split.instances.total(),
            "instances_per_image": round(split.instances.total() / max(1, split.images), 3),
            "images_without_label": split.images - split.labels,
            "empty_labels": split.empty_labels,
            "usable_images": split.usable,
            "width": split.widths or None,
            "height": split.heights or None,
        },
    }


def _by_name(names: Sequence[str], counts: Counter[int]) -> dict[str, int]:
    """Counts under the class names; two classes of one name are added up."""
    named: dict[str, int] = {}
    for index, name in enumerate(names):
        named[name] = named.get(name, 0) + counts[index]
    return named


def _statistics(about: About, tally: Tally) -> dict[str, Any]:
    splits = tally.splits
    total: Counter[int] = Counter()
    for split in splits.values():
        total.update(split.instances)
    instances, images = total.total(), sum(split.images for split in splits.values())
    drawn = figures(tally.scanned, about.imgsz)
    told = advise(tally, drawn, about.quirks)
    return {
        "total_instances": instances,
        "class_balance": {
            name: {"count": count, "percentage": _percent(count, instances)}
            for name, count in _by_name(about.names, total).items()
        },
        "split_balance": {
            name: {"count": split.images, "percentage": _percent(split.images, images)}
            for name, split in splits.items()
        },
        "recommendations": [advice.en for advice in told],
        "recommendations_ja": [advice.ja for advice in told],
        "figures": drawn,
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
