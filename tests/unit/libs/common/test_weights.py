"""What a weights file may name."""

import pytest

from libs.common.errors import BadInput
from libs.common.weights import check_names


def test_parts_of_a_detector_are_allowed() -> None:
    check_names(
        [
            "ultralytics.nn.tasks.DetectionModel",
            "ultralytics.nn.modules.conv.Conv",
            "torch.nn.modules.container.Sequential",
            "numpy._core.multiarray.scalar",
        ],
        file="best.pt",
    )


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "builtins.getattr",
        "ultralytics.nn.tasks.torch_safe_load",
        "ultralytics.nn.tasks.yaml_model_load",
        "torch.nn.modules.module.register_module_forward_hook",
        "ultralytics.utils.downloads.safe_download",
        "torch.nn.modulesevil.Layer",
    ],
)
def test_anything_that_could_act_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=name.replace(".", r"\.")) as caught:
        check_names([name, "ultralytics.nn.tasks.DetectionModel"], file="best.pt")
    assert caught.value.code == "unsafe_weights"
