"""Operation `explain`: draw what in an image made a model say so, and its share inside the box."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import orjson

from libs.common.errors import BadInput
from libs.common.events import AnalysisRequested, DetectionExplained
from libs.common.work import Attempt
from services.analyzer import outputs
from services.analyzer.asking import MAX_DETECTIONS, MOST_THREADS, AnalyzerDeps
from services.analyzer.child import run_child
from services.analyzer.domain import rows
from services.analyzer.fetching import fetch_weights
from services.analyzer.leasing import gpu_room
from services.analyzer.options import ExplainOptions
from services.analyzer.originals import from_outside, original
from services.analyzer.stored import StoredValidations

PICTURES = ["overlay.png", "heat.png"]
AT_ONCE = 8
"""Images that a method looks at together, at most; more than what gradients of one take."""
MEANING = {
    "hirescam": "pixels whose features raise the score of this box (HiResCAM, gradients)",
    "layercam": "pixels whose features raise the score of this box (LayerCAM, gradients)",
    "drise": "pixels that must be seen for this box to be found (D-RISE, parts hidden)",
}


async def explain(attempt: Attempt, request: AnalysisRequested, folder: Path) -> None:
    """Run the method in a child, store its pictures and the report, tell `DetectionExplained`."""
    started, deps = time.monotonic(), attempt.deps
    options = ExplainOptions.of(request.options)
    weights = await fetch_weights(deps, request.model, folder)
    subject = await _subject(attempt, options, folder)
    assert isinstance(deps, AnalyzerDeps)
    out = folder / "out"
    order = subject | {
        "operation": "explain",
        "protocol": "square",
        "weights": str(weights.path),
        "iou": 0.7,
        "max_det": MAX_DETECTIONS,
        "threads": min(MOST_THREADS, len(os.sched_getaffinity(0))),
        "device": options.device or "cpu",
        "method": options.method,
        "masks": options.masks,
        "seed": options.seed,
        "out": str(out),
    }

    async def on_progress(done: int, of: int) -> None:
        await attempt.progress(done=done, of=of, stage="explaining")

    device = str(order["device"])
    async with gpu_room(attempt, device, imgsz=order["imgsz"], batch=AT_ONCE) as lease:
        model = await run_child(order, deps.stock, on_progress, lease=lease)
    told = orjson.loads((out / "told.json").read_bytes())
    prefix = outputs.prefix_of("explanations", request.model.name, attempt)
    artifacts = await outputs.upload(deps, prefix, out, PICTURES)
    answer = {
        "explanation_id": attempt.job.id,
        "model": request.model.name,
        "validation_id": options.validation_id,
        "detection": options.box,
        "image_path": subject["shown"],
        "method": options.method,
        "meaning": MEANING[options.method],
        **told,
        "imgsz": model["imgsz"],
        "artifacts": {
            name: {"path": outputs.place(deps, each.key), **each.model_dump()}
            for name, each in artifacts.items()
        },
        "processing_time": round(time.monotonic() - started, 3),
        "timestamp": attempt.job.created_at.isoformat(),
    }
    outputs.write_json(out / "report.json", answer)
    stored = await outputs.upload(deps, prefix, out, ["report.json"])
    await attempt.tell(
        DetectionExplained,
        prefix=prefix,
        seconds=time.monotonic() - started,
        report=stored["report.json"],
        artifacts=artifacts | stored,
    )


async def _subject(attempt: Attempt, options: ExplainOptions, folder: Path) -> dict[str, Any]:
    """Image, class and box to explain, and the size the network sees."""
    if options.validation_id is None:
        path = Path(options.image_path or "")
        copy = folder / f"image{path.suffix}"
        content = await asyncio.to_thread(from_outside, attempt.deps, path)
        await asyncio.to_thread(copy.write_bytes, content)
        return {
            "image": str(copy),
            "shown": str(path),
            "class_name": options.class_name,
            "box": None,
            "imgsz": options.imgsz,
        }
    validation = await StoredValidations(attempt.deps).get(options.validation_id)
    seen = await asyncio.to_thread(validation.view)
    kind, row = rows.parse_id(seen, options.box or "")
    number = seen.data.image_d[row] if kind == "d" else seen.data.label_image_l[row]
    classes = seen.data.class_d if kind == "d" else seen.data.label_class_l
    corners = seen.data.box_d4 if kind == "d" else seen.data.label_box_l4
    image = validation.images[int(number)]
    if validation.request.dataset is None:
        raise BadInput("This validation names no dataset.", code="no_dataset")
    content = await original(attempt.deps, validation.request.dataset, image)
    copy = folder / f"image{Path(image.path).suffix}"
    await asyncio.to_thread(copy.write_bytes, content)
    return {
        "image": str(copy),
        "shown": image.path,
        "class_name": options.class_name or seen.data.classes[int(classes[row])],
        "box": corners[row].tolist(),
        "imgsz": options.imgsz or validation.options.imgsz,
    }
