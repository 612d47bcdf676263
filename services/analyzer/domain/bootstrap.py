"""How sure the numbers are: the bootstrap over images, for one judgement or several together.

Images are drawn with replacement, as many as there are; an image drawn twice counts twice. All
judgements of the same images see the same draws, so their difference is much surer than each.

Shapes in names: `r` resamples, `i` images, `c` classes, `d` detections, `l` labels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.analyzer.domain.average_precision import MAX_DETECTIONS
from services.analyzer.domain.boxes import Floats, Ints
from services.analyzer.domain.evidence import Evidence
from services.analyzer.domain.matching import Matches, rank_in_group
from services.analyzer.domain.operating_point import OperatingPoint
from services.analyzer.domain.resampled_ap import ResampledAp, Weights

RESAMPLES = 1000
LEVEL = 0.95
CELLS_AT_ONCE = 100_000
"""Weights of detections held together: what fits a cache matters more than fewer steps."""
MOST_AT_ONCE = 512

HEADLINE = (
    "map50_95",
    "map50",
    "precision",
    "recall",
    "f1_score",
    "accuracy",
    "detection_accuracy",
    "false_alarms_per_1000",
)
PER_CLASS = ("ap50_95", "ap50", "recall", "precision")

Tell = Callable[[int, int], None]
"""Told resamples done and resamples in all."""


@dataclass(frozen=True)
class Interval:
    """A number, the percentiles that hold 95 % of its resamples, and their standard deviation."""

    value: float
    low: float
    high: float
    standard_error: float


@dataclass(frozen=True)
class Sample:
    """Every resampled number of one judgement.

    `headline` by name, shape (r,); `per_class` by name, shape (r, c). NaN where a resample cannot
    give the number: a class without labels, alarms without clean images.
    """

    headline: dict[str, Floats]
    per_class: dict[str, Floats]


class Resampler:
    """Computes all numbers of one judgement for any weights of its images."""

    def __init__(self, data: Evidence, matches: Matches, point: OperatingPoint) -> None:
        classes = len(data.classes)
        counted_d = rank_in_group(data.image_d * classes + data.class_d) < MAX_DETECTIONS
        self.images = data.images
        self._ap = ResampledAp(
            image_d=data.image_d[counted_d],
            score_d=data.score_d[counted_d],
            group_d=data.class_d[counted_d],
            found_td=matches.found_coco_td[:, counted_d],
            labels=(data.label_image_l, data.label_class_l),
            groups=classes,
        )
        self.cells = max(self._ap.cells, data.images, classes)
        self._classes = classes
        self._columns_ik = _columns(data, point)

    def __call__(self, weight_ri: Weights) -> Sample:
        """The numbers of some resamples.

        Args:
            weight_ri: how often each image was drawn, shape (r, i).
        """
        ap_rct = self._ap(weight_ri)
        counts_rk = weight_ri.astype(np.float64) @ self._columns_ik
        tp_rc, fp_rc, fn_rc = (
            counts_rk[:, at * self._classes : (at + 1) * self._classes] for at in range(3)
        )
        right_r, clean_r, alarms_r = counts_rk[:, 3 * self._classes :].T
        tp_r, fp_r, fn_r = (each.sum(axis=1) for each in (tp_rc, fp_rc, fn_rc))
        nothing_r = tp_r + fp_r + fn_r == 0
        images_r = weight_ri.sum(axis=1)
        rates_r = [
            np.where(nothing_r, 1.0, _ratio(part, whole, otherwise=0.0))
            for part, whole in (
                (tp_r, tp_r + fp_r),
                (tp_r, tp_r + fn_r),
                (2 * tp_r, 2 * tp_r + fp_r + fn_r),
                (right_r, images_r),
                (tp_r, tp_r + fp_r + fn_r),
            )
        ]
        means = (_mean_of_classes(ap_rct.mean(axis=2)), _mean_of_classes(ap_rct[:, :, 0]))
        alarms = _ratio(1000 * alarms_r, clean_r, otherwise=np.nan)
        return Sample(
            dict(zip(HEADLINE, (*means, *rates_r, alarms), strict=True)),
            {
                "ap50_95": ap_rct.mean(axis=2),
                "ap50": ap_rct[:, :, 0],
                "recall": _ratio(tp_rc, tp_rc + fn_rc, otherwise=np.nan),
                "precision": _ratio(tp_rc, tp_rc + fp_rc, otherwise=np.nan),
            },
        )

    def whole(self) -> Sample:
        """The numbers of the set itself, each image once, as a sample of one."""
        return self(np.ones((1, self.images), dtype=np.int32))


def resample(
    models: Sequence[Resampler], *, resamples: int = RESAMPLES, seed: int = 0, tell: Tell | None
) -> list[Sample]:
    """Every number of every model, for the same draws of their images.

    Args:
        models: judgements of the same images, in the same order.
        resamples: how many times the images are drawn.
        seed: of the draws; the same seed gives the same numbers.
        tell: told how far it is, after each step.

    Returns:
        One sample per model, of `resamples` rows.

    Raises:
        ValueError: the models do not have the same images.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6 and 13.
    """
    images = models[0].images
    if any(model.images != images for model in models):
        raise ValueError("only judgements of the same images can be resampled together")
    at_once = CELLS_AT_ONCE // max(1, *(model.cells for model in models))
    parts: list[list[Sample]] = [[] for _ in models]
    done = 0
    for weight_ri in draws(images, resamples, seed, at_once=min(max(at_once, 4), MOST_AT_ONCE)):
        for model, own in zip(models, parts, strict=True):
            own.append(model(weight_ri))
        done += len(weight_ri)
        if tell:
            tell(done, resamples)
    return [_joined(own) for own in parts]


def draws(images: int, resamples: int, seed: int, *, at_once: int) -> Iterator[Weights]:
    """Weights of the images, some resamples at a time; the numbers do not depend on how many."""
    random = np.random.default_rng(seed)
    for first in range(0, resamples, at_once):
        count = min(at_once, resamples - first)
        weight_ri = np.empty((count, images), dtype=np.int32)
        for row_i in weight_ri:
            row_i[:] = np.bincount(random.integers(0, images, images), minlength=images)
        yield weight_ri


def interval(value: float, sample_r: Floats) -> Interval | None:
    """The 95 % percentile interval of a number; None if it is undefined, or nearly always is.

    The bounds are resampled values themselves, as many below the lower as above the upper one, so
    the interval of -x is that of x turned round, to the last digit.

    Args:
        value: of the set itself.
        sample_r: of its resamples; those that are NaN are left out, if they are fewer than half.
    """
    defined_r = np.sort(sample_r[~np.isnan(sample_r)])
    if np.isnan(value) or 2 * len(defined_r) <= len(sample_r) or len(defined_r) < 2:
        return None
    outside = int(len(defined_r) * (1 - LEVEL) / 2)
    return Interval(
        float(value),
        float(defined_r[outside]),
        float(defined_r[len(defined_r) - 1 - outside]),
        float(defined_r.std(ddof=1)),
    )


def intervals(whole: Sample, sample: Sample) -> dict[str, Interval | None]:
    """Of every headline number, by name."""
    return {
        name: interval(float(whole.headline[name][0]), sample.headline[name]) for name in HEADLINE
    }


def _columns(data: Evidence, point: OperatingPoint) -> Floats:
    """Counts per image: tp, fp, fn per class, then right images, clean images, false alarms."""
    classes, clean_i = len(data.classes), data.without_labels_i
    false_d = point.kept_d & ~point.true_d
    missed_l = ~point.found_l
    alarm_d = point.kept_d & clean_i[data.image_d]
    return np.concatenate(
        [
            _table(data.image_d[point.true_d], data.class_d[point.true_d], data.images, classes),
            _table(data.image_d[false_d], data.class_d[false_d], data.images, classes),
            _table(
                data.label_image_l[missed_l], data.label_class_l[missed_l], data.images, classes
            ),
            (point.wrong_i == 0)[:, None],
            clean_i[:, None],
            np.bincount(data.image_d[alarm_d], minlength=data.images)[:, None],
        ],
        axis=1,
        dtype=np.float64,
    )


def _table(image_n: Ints, class_n: Ints, images: int, classes: int) -> Ints:
    """How many boxes each image has of each class, shape (i, c)."""
    cells = np.bincount(image_n * classes + class_n, minlength=images * classes)
    return cells.reshape(images, classes)


def _ratio(part: Floats, whole: Floats | Ints, *, otherwise: float) -> Floats:
    filled = np.full(part.shape, otherwise)
    np.divide(part, whole, out=filled, where=whole > 0)
    return filled


def _mean_of_classes(ap_rc: Floats) -> Floats:
    """Mean over the classes that have labels; 0 where none has."""
    there_rc = ~np.isnan(ap_rc)
    total_r = np.where(there_rc, ap_rc, 0.0).sum(axis=1)
    return _ratio(total_r, there_rc.sum(axis=1), otherwise=0.0)


def _joined(parts: Sequence[Sample]) -> Sample:
    return Sample(
        {name: np.concatenate([part.headline[name] for part in parts]) for name in HEADLINE},
        {name: np.concatenate([part.per_class[name] for part in parts]) for name in PER_CLASS},
    )
