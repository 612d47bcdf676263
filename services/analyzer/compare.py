"""Operation `compare`: judgements of the same images, the first against each of the others."""

import time
from pathlib import Path
from typing import Any

import orjson

from libs.common.errors import BadInput
from libs.common.events import AnalysisRequested, ModelsCompared, TrainingRequested
from libs.common.work import Attempt, load
from services.analyzer import changed_boxes, outputs
from services.analyzer.domain import comparison
from services.analyzer.domain.alignment import Aligned, Judgement, align
from services.analyzer.domain.bootstrap import LEVEL
from services.analyzer.domain.changes import Judged
from services.analyzer.domain.comparison import Comparison
from services.analyzer.domain.errors import errors
from services.analyzer.domain.matching import match
from services.analyzer.domain.operating_point import operating_point
from services.analyzer.earlier import validations_of
from services.analyzer.options import CompareOptions
from services.analyzer.stored import Stored, StoredValidations
from services.analyzer.threads import Tell, in_thread

Json = dict[str, Any]
ABOUT = ("model_path", "split", "imgsz", "iou_threshold", "confidence_threshold", "match_iou")
OF_MODEL = ("sha256", "architecture", "parameters", "trained_imgsz", "size_bytes")


async def compare(attempt: Attempt, request: AnalysisRequested, folder: Path) -> None:
    """Bring the judgements together, compare, store, then tell `ModelsCompared`."""
    started = time.monotonic()
    options = CompareOptions.of(request.options)
    ids = await _validations(attempt, request, options, folder)
    stored, reports = [], []
    validations = StoredValidations(attempt.deps)
    for each in ids:
        stored.append(await validations.get(each))
        reports.append(await _report(attempt, stored[-1]))
    notes = _one_protocol(reports)

    def work(tell: Tell) -> tuple[Aligned, list[Judged], list[Comparison]]:
        return _compared(stored, options, tell)

    aligned, judged, found = await in_thread(attempt, "resampling", work)
    out = folder / "out"
    out.mkdir()
    changed_boxes.write(aligned, judged, [each.boxes for each in found], out / changed_boxes.NAME)
    base, *others = [
        _about(stored[at], reports[at]) | {"settings": await _settings(attempt, reports[at])}
        for at in range(len(ids))
    ]
    answer = {
        "comparison_id": attempt.job.id,
        "base": base,
        "candidates": [
            about | _shown(each) | {"settings_that_differ": _differ(base, about)}
            for about, each in zip(others, found, strict=True)
        ],
        "images": len(aligned.sides[0].paths),
        "labels": aligned.sides[0].data.labels,
        "notes": [*notes, *aligned.notes],
        "rule": comparison.RULE,
        "note_on_classes": comparison.NOTE,
        "resamples": options.resamples,
        "seed": options.seed,
        "level": LEVEL,
        "processing_time": round(time.monotonic() - started, 3),
        "timestamp": attempt.job.created_at.isoformat(),
    }
    outputs.write_json(out / "report.json", answer)
    prefix = outputs.prefix_of("comparisons", request.model.name, attempt)
    artifacts = await outputs.upload(attempt.deps, prefix, out, [changed_boxes.NAME, "report.json"])
    await attempt.tell(
        ModelsCompared,
        prefix=prefix,
        validations=tuple(ids),
        verdicts={job_id: each.verdict for job_id, each in zip(ids[1:], found, strict=True)},
        seconds=time.monotonic() - started,
        report=artifacts["report.json"],
        artifacts=artifacts,
    )


async def _validations(
    attempt: Attempt, request: AnalysisRequested, options: CompareOptions, folder: Path
) -> list[str]:
    """Jobs of the judgements, base first; those that are not there are made."""
    if options.models:
        if request.dataset is None:
            raise BadInput("Name the dataset to compare the models on.", code="no_dataset")
        ids = await validations_of(
            attempt, options.models, request.dataset, options.judging, folder
        )
    else:
        ids = list(options.validations)
    if len(ids) < 2:
        raise BadInput("Give two or more to compare.", code="nothing_to_compare")
    if len(set(ids)) < len(ids):
        raise BadInput(
            "Two of these are one and the same judgement: there is nothing to compare.",
            code="same_judgement",
        )
    return ids


async def _report(attempt: Attempt, validation: Stored) -> Json:
    report: Json = orjson.loads(await attempt.deps.artifacts.get_bytes(validation.report.key))
    return report


def _one_protocol(reports: list[Json]) -> list[str]:
    """Notes on what is not the same everywhere.

    Raises:
        BadInput: `protocols_differ`: the models did not see the images in the same way.
    """
    ours = {report["protocol"] for report in reports if not report.get("predictions_path")}
    if len(ours) > 1:
        raise BadInput(
            f"The judgements follow different protocols ({'; '.join(sorted(ours))}): judge the "
            "models in the same way.",
            code="protocols_differ",
        )
    notes = []
    if any(report.get("predictions_path") for report in reports):
        notes.append("predictions made elsewhere are compared as given")
    for name, what in (("split", "splits"), ("match_iou", "IoU from which a box is right")):
        values = {report[name] for report in reports}
        if len(values) > 1:
            notes.append(f"{what} differ: {', '.join(map(str, sorted(values)))}")
    return notes


def _compared(
    stored: list[Stored], options: CompareOptions, tell: Tell
) -> tuple[Aligned, list[Judged], list[Comparison]]:
    aligned = align(
        [
            Judgement(
                each.data,
                tuple(image.path for image in each.images),
                tuple((image.width_px, image.height_px) for image in each.images),
                tuple(image.sha256 for image in each.images),
            )
            for each in stored
        ]
    )
    match_iou = options.match_iou or stored[0].options.match_iou
    judged = []
    for side, validation in zip(aligned.sides, stored, strict=True):
        confidence = options.confidence_threshold
        if confidence is None:
            confidence = validation.options.confidence_threshold
        matches = match(side.data, match_iou=match_iou)
        point = operating_point(side.data, matches, confidence=confidence)
        judged.append(Judged(side.data, matches, point, errors(side.data, matches, point)))
    found = comparison.compare(judged, resamples=options.resamples, seed=options.seed, tell=tell)
    return aligned, judged, found


def _about(validation: Stored, report: Json) -> Json:
    """What a reader must know of one judgement."""
    request = validation.request
    seconds = report.get("inference_seconds")
    return {
        "validation_id": validation.job_id,
        "model": request.model.name,
        "dataset": request.dataset.name if request.dataset else None,
        "dataset_version": request.dataset.version if request.dataset else None,
        **{name: report.get(name) for name in ABOUT},
        "inference_seconds": seconds,
        "images_per_second": round(report["total_images"] / seconds, 2) if seconds else None,
    }


async def _settings(attempt: Attempt, report: Json) -> Json:
    """How the model was judged and, if a run of ours made it, how it was trained."""
    model = report["model_info"]
    shown = {name: report.get(name) for name in ABOUT[1:]}
    shown |= {f"model.{name}": model.get(name) for name in OF_MODEL}
    if run_id := model.get("training_id"):
        run = await load(attempt.deps, "training", run_id)
        if run and isinstance(run.request, TrainingRequested):
            arguments = run.request.arguments.model_dump(mode="json")
            shown |= {f"training.{name}": value for name, value in arguments.items()}
            shown["training.dataset"] = run.request.dataset.name
            shown["training.dataset_version"] = run.request.dataset.version
    return shown


def _differ(base: Json, other: Json) -> list[Json]:
    names = dict.fromkeys([*base["settings"], *other["settings"]])
    pairs = [(name, base["settings"].get(name), other["settings"].get(name)) for name in names]
    return [
        {"name": n, "base": ours, "candidate": theirs}
        for n, ours, theirs in pairs
        if ours != theirs
    ]


def _shown(each: Comparison) -> Json:
    return {
        "verdict": each.verdict,
        "reason": each.reason,
        "sentence": each.sentence,
        "metrics": each.metrics,
        "per_class": each.per_class,
        "wins": [row["class"] for row in each.per_class if row["outcome"] == "win"],
        "losses": [row["class"] for row in each.per_class if row["outcome"] == "loss"],
        "boxes": {
            "labels": each.boxes.counts(labels=True),
            "false_positives": each.boxes.counts(labels=False),
        },
    }
