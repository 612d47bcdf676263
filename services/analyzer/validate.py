"""Operation `validate`: judge a model on a dataset, and store the verdict with its evidence."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from libs.common.errors import BadInput
from libs.common.events import AnalysisRequested, ModelRef, ModelValidated
from libs.common.work import Attempt
from services.analyzer import outputs
from services.analyzer.domain import per_image, report
from services.analyzer.fetching import Weights, fetch_predictions, fetch_weights
from services.analyzer.insights import insights
from services.analyzer.judging import Judged, judge
from services.analyzer.options import ValidateOptions
from services.analyzer.originals import fingerprint
from services.analyzer.plots.catalogue import JUDGEMENT, Diagram
from services.analyzer.plots.pool import PENS
from services.analyzer.storing import SAMPLES, store_evidence


async def validate(attempt: Attempt, request: AnalysisRequested, folder: Path) -> None:
    """Judge, store report, boxes and pictures, then tell `ModelValidated`."""
    started = time.monotonic()
    options = ValidateOptions.of(request.options)
    if request.dataset is None:
        raise BadInput("Name the dataset to judge the model on.", code="no_dataset")
    PENS.get_ready()
    given = request.predictions
    if given:
        weights = await fetch_predictions(attempt.deps, given, folder)
    else:
        weights = await fetch_weights(attempt.deps, request.model, folder)
    judged = await judge(attempt, weights, request.dataset, options, predictions=given is not None)
    images, answer = await asyncio.gather(
        fingerprint(attempt.deps, request.dataset, judged.images),
        asyncio.to_thread(compose, request.model, weights, judged, options),
    )
    judged = replace(judged, images=images)
    out = folder / "out"
    out.mkdir()
    prefix = outputs.prefix_of("validations", request.model.name, attempt)
    wanted = wanted_diagrams(options, answer)
    (artifacts, missing), more = await asyncio.gather(
        store_evidence(attempt.deps, prefix, out, judged, options, wanted),
        insights(attempt, judged, request.dataset),
    )
    await attempt.progress(done=len(artifacts), of=len(artifacts) + 1, stage="storing")
    shown = {name: outputs.place(attempt.deps, each.key) for name, each in artifacts.items()}
    samples = any(name.startswith(f"{SAMPLES}/") for name in artifacts)
    folder_key = f"{prefix}/{SAMPLES}"
    answer |= more | {
        "validation_id": attempt.job.id,
        "model_path": None if given else shown_model(attempt, request.model),
        "predictions_path": given.name if given else None,
        "test_dataset_path": request.dataset.name,
        "processing_time": round(time.monotonic() - started, 3),
        "timestamp": attempt.job.created_at.isoformat(),
        "confusion_matrix_path": shown.get("confusion_matrix.png"),
        "error_samples_dir": outputs.place(attempt.deps, folder_key) if samples else None,
        "artifacts": shown,
        "not_drawn": missing,
    }
    outputs.write_json(out / "report.json", answer)
    stored = await outputs.upload(attempt.deps, prefix, out, ["report.json"])
    await attempt.tell(
        ModelValidated,
        prefix=prefix,
        metrics=report.headline(judged.found),
        total_images=answer["total_images"],
        seconds=time.monotonic() - started,
        report=stored["report.json"],
        artifacts=artifacts | stored,
    )


def compose(
    model: ModelRef, weights: Weights, judged: Judged, options: ValidateOptions
) -> dict[str, Any]:
    """The report without what only the caller knows: ids, paths, times."""
    found = judged.found
    errors = options.analyze_errors
    listed = per_image.listed_images(found, options.max_results)
    notes = list(judged.notes)
    if len(listed) < found.data.images:
        notes.append(
            f"prediction_results lists the {len(listed)} of {found.data.images} images with the "
            "most errors; GET /model/validate/{id}/images pages through all"
        )
    return {
        **report.headline(found),
        "class_metrics": report.class_metrics(found),
        "total_images": found.data.images,
        "correct_predictions": found.point.correct_images,
        "prediction_results": per_image.prediction_results(found, judged.paths, listed),
        "error_analysis": report.error_analysis(found) if errors else None,
        "common_errors": found.errors.common if errors else [],
        "confidence_threshold": options.confidence_threshold,
        "iou_threshold": options.iou_threshold,
        "match_iou": options.match_iou,
        "split": judged.split,
        "imgsz": judged.model["imgsz"],
        "protocol": judged.protocol,
        "notes": notes,
        "findings": judged.model["findings"],
        "total_labels": found.data.labels,
        "inference_seconds": round(judged.model["seconds"], 3),
        "model_info": model_info(model, weights, judged.model),
        **report.extras(found),
    }


def model_info(model: ModelRef, weights: Weights, told: dict[str, Any]) -> dict[str, Any]:
    """What is known of a model; what the child did not tell is left out."""
    facts = ("classes", "architecture", "parameters", "trained_imgsz")
    return {
        "name": model.name,
        "sha256": weights.sha256,
        "size_bytes": weights.size_bytes,
        "training_id": model.training_id,
        **{name: told[name] for name in facts if name in told},
    }


def shown_model(attempt: Attempt, model: ModelRef) -> str:
    """The model's path as users see it."""
    return outputs.place(attempt.deps, model.key) if model.key else str(model.path)


def wanted_diagrams(
    options: ValidateOptions, answer: dict[str, Any]
) -> list[tuple[Diagram, dict[str, Any], str]]:
    """The diagrams that were not declined, of the report."""
    declined = set()
    if not options.save_confusion_matrix:
        declined |= {"confusion_matrix", "confusion_matrix_normalized"}
    if not options.analyze_errors:
        declined.add("error_causes")
    if not options.save_plots:
        declined |= {each.name for each in JUDGEMENT} - {"confusion_matrix"}
    return [(each, answer, "") for each in JUDGEMENT if each.name not in declined]
