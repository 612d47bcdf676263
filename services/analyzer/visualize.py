"""Operation `visualize`: draw what is known of a model; what is not known is named, not drawn."""

import time
from pathlib import Path
from typing import Any

from libs.common.events import AnalysisRequested, ModelVisualized, TrainingRequested
from libs.common.jobs import Job
from libs.common.work import Attempt
from services.analyzer import lineage, outputs
from services.analyzer.diagrams import draw_into
from services.analyzer.fetching import Weights, fetch_weights
from services.analyzer.judging import judge
from services.analyzer.options import ValidateOptions, VisualizeOptions
from services.analyzer.plots.catalogue import JUDGEMENT, TRAINING, Diagram
from services.analyzer.validate import compose, model_info, shown_model

OVERALL = (
    "accuracy",
    "precision",
    "recall",
    "f1_score",
    "map50",
    "map50_95",
    "map75",
    "detection_accuracy",
)
BASIS = ("validation_id", "split", "confidence_threshold", "iou_threshold", "match_iou", "imgsz")
NO_RUN = "no completed training of this system made these weights"
NO_JUDGEMENT = (
    "the model was never judged, and the run that made it is not known: "
    "name a dataset in test_dataset_path, or POST /model/validate first"
)


async def visualize(attempt: Attempt, request: AnalysisRequested, folder: Path) -> None:
    """Gather facts, draw them, store both, then tell `ModelVisualized`."""
    started, deps = time.monotonic(), attempt.deps
    options = VisualizeOptions.of(request.options)
    weights = await fetch_weights(deps, request.model, folder)
    run = await lineage.find_run(deps, request.model, weights.sha256)
    verdict = await _verdict(attempt, request, weights, run)
    history = await lineage.read_history(deps, run) if run else None
    arguments = await lineage.read_arguments(deps, run) if run else None
    prefix = outputs.prefix_of("visualizations", request.model.name, attempt)
    out = folder / "pictures"
    drawn = await draw_into(out, wanted_diagrams(options, verdict, history))
    artifacts = await outputs.upload(deps, prefix, out, drawn.names)
    shown = {name: outputs.place(deps, each.key) for name, each in artifacts.items()}
    known = verdict["model_info"] if verdict else model_info(request.model, weights, {})
    answer = {
        "visualization_id": attempt.job.id,
        "model_path": shown_model(attempt, request.model),
        "model_info": known | {"training_id": run.id if run else None},
        "class_metrics": verdict["class_metrics"] if verdict else None,
        "confusion_matrix_path": shown.get("confusion_matrix.png"),
        "pr_curve_path": shown.get("pr_curve.png"),
        "f1_curve_path": shown.get("f1_curve.png"),
        "class_metrics_path": shown.get("class_metrics.png"),
        "training_curves_path": shown.get("training_curves.png"),
        "results_path": shown.get("results.png"),
        "training_history": history,
        "overall_metrics": {name: verdict[name] for name in OVERALL} if verdict else None,
        "basis": {name: verdict.get(name) for name in BASIS} if verdict else None,
        "training_args": arguments,
        "created_at": attempt.job.created_at.isoformat(),
        "artifacts": [
            {"name": name, "path": shown[name], **artifact.model_dump()}
            for name, artifact in artifacts.items()
        ],
        "not_drawn": drawn.missing,
    }
    outputs.write_json(out / "report.json", answer)
    stored = await outputs.upload(deps, prefix, out, ["report.json"])
    await attempt.tell(
        ModelVisualized,
        prefix=prefix,
        seconds=time.monotonic() - started,
        report=stored["report.json"],
        artifacts=artifacts | stored,
    )


async def _verdict(
    attempt: Attempt, request: AnalysisRequested, weights: Weights, run: Job | None
) -> dict[str, Any] | None:
    """The newest report on these weights; without one, a judgement on the run's val split."""
    if request.dataset is None:
        report = await lineage.find_report(attempt.deps, request.model, weights.sha256)
        if report:
            return report
    dataset = request.dataset
    if dataset is None and run and isinstance(run.request, TrainingRequested):
        dataset = run.request.dataset
    if dataset is None:
        return None
    options = ValidateOptions(split="val")
    judged = await judge(attempt, weights, dataset, options)
    return compose(request.model, weights, judged, options)


def wanted_diagrams(
    options: VisualizeOptions,
    verdict: dict[str, Any] | None,
    history: list[dict[str, float]] | None,
) -> list[tuple[Diagram, Any, str]]:
    """The diagrams that were not declined, what they are drawn from, and why there may be none."""
    declined = set()
    if not options.include_confusion_matrix:
        declined |= {"confusion_matrix", "confusion_matrix_normalized"}
    if not options.include_pr_curve:
        declined.add("pr_curve")
    if not options.include_f1_curve:
        declined |= {"f1_curve", "p_curve", "r_curve"}
    if not options.include_class_metrics:
        declined.add("class_metrics")
    if not options.include_training_history:
        declined |= {each.name for each in TRAINING}
    wanted: list[tuple[Diagram, Any, str]] = [(each, verdict, NO_JUDGEMENT) for each in JUDGEMENT]
    wanted += [(each, history, NO_RUN) for each in TRAINING]
    return [row for row in wanted if row[0].name not in declined]
