"""Labels that the judged model contradicts, as a table with the edit that would follow each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from libs.common.label_doubts import NONE, TRUSTED, Compared, Suspect, Suspects, doubted
from services.analyzer.domain.boxes import Floats
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches

MOST_SHOWN = 200

Json = dict[str, Any]


def suspects(data: Evidence, matches: Matches) -> Suspects:
    """Hold the labels of a judged set against what the model said; see `label_doubts`."""
    pairs = matches.pairs
    return doubted(
        Compared(
            label_class_l=data.label_class_l,
            image_d=data.image_d,
            class_d=data.class_d,
            score_d=data.score_d,
            box_d4=data.box_d4,
            label_d=matches.label_d,
            detection_p=pairs.detection_p,
            label_p=pairs.label_p,
            iou_p=pairs.iou_p,
        )
    )


def suspects_table(
    data: Evidence, found: Suspects, names: Sequence[str], paths: Sequence[str], size_i2: Floats
) -> Json:
    """The doubts as rows, each with the edit that would follow it.

    Args:
        data: of the same evidence.
        found: the doubts.
        names: of the images, as the dataset service knows them.
        paths: of the images.
        size_i2: width and height of the images in pixels.
    """
    kinds = ("overlooked", "swapped", "badly_placed")
    return {
        "from_confidence": found.from_confidence,
        "note": None
        if found.from_confidence is not None
        else "the model is not sure enough to contradict labels: of its surest detections fewer "
        f"than {TRUSTED:.0%} are right",
        "counts": {kind: sum(each.kind == kind for each in found.found) for kind in kinds},
        "shown": min(len(found.found), MOST_SHOWN),
        "suspects": [_row(data, each, names, paths, size_i2) for each in found.found[:MOST_SHOWN]],
    }


def _row(
    data: Evidence, each: Suspect, names: Sequence[str], paths: Sequence[str], size_i2: Floats
) -> Json:
    image = int(data.image_d[each.detection])
    said = data.classes[data.class_d[each.detection]]
    size = size_i2[image]
    labelled = None if each.label == NONE else data.classes[data.label_class_l[each.label]]
    wanted = (
        data.label_box_l4[each.label] if each.kind == "swapped" else data.box_d4[each.detection]
    )
    edit: Json = {"image": names[image], "add": [_label(said, wanted, size)]}
    if labelled is not None:
        edit["remove"] = [_label(labelled, data.label_box_l4[each.label], size)]
    return {
        "kind": each.kind,
        "suspicion": round(each.suspicion, 4),
        "image": image,
        "image_path": paths[image],
        "label": None if each.label == NONE else f"l{each.label}",
        "detection": f"d{each.detection}",
        "class": labelled,
        "said": said,
        "confidence": float(data.score_d[each.detection]),
        "iou": round(each.iou, 4),
        "patch": edit,
    }


def _label(name: str, box: Floats, size: Floats) -> Json:
    """A box as a label line has it: centre and size as shares of the image."""
    x1, y1, x2, y2 = np.clip(box / np.tile(size, 2), 0, 1).tolist()
    shares = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return {"class": name, "box": [round(share, 6) for share in shares]}
