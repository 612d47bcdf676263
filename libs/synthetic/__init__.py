"""Synthetic logo datasets: deterministic, offline, and free of anyone's photographs.

Brand icons (CC0, simple-icons) are painted on signs, cups and cloth in small scenes, and written as
a YOLO dataset with exact boxes. The marks stay their owners' trademarks: test data, no product.
"""

from libs.synthetic.dataset import DatasetSummary, write_dataset
from libs.synthetic.demo import BASE_SPEC, DEMO_SPEC
from libs.synthetic.spec import DatasetSpec

__all__ = ["BASE_SPEC", "DEMO_SPEC", "DatasetSpec", "DatasetSummary", "write_dataset"]
