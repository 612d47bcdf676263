"""The REST contract that existing clients rely on: routes, request fields, defaults."""

from pathlib import Path
from typing import Any

import pytest

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings

BASE = "/api/v1/ml"
ROUTES = {
    ("get", "/status"),
    ("post", "/dataset/validate"),
    ("get", "/dataset/validate/{validation_id}"),
    ("get", "/datasets"),
    ("get", "/datasets/{name}"),
    ("delete", "/datasets/{name}"),
    ("post", "/upload/dataset"),
    ("post", "/dataset/split"),
    ("post", "/dataset/cancel/{job_id}"),
    ("get", "/dataset/rules"),
    ("get", "/dataset/validate/{validation_id}/findings"),
    ("get", "/dataset/validate/{validation_id}/images"),
    ("get", "/dataset/validate/{validation_id}/images/{image}"),
    ("get", "/dataset/validate/{validation_id}/images/{image}/picture"),
    ("get", "/datasets/{name}/images"),
    ("get", "/datasets/{name}/images/{image}"),
    ("get", "/datasets/{name}/images/{image}/picture"),
    ("post", "/dataset/edit"),
    ("post", "/dataset/import"),
    ("post", "/dataset/validate/{validation_id}/fix"),
    ("get", "/dataset/edits/{edit_id}"),
    ("get", "/dataset/edits/{edit_id}/changes"),
    ("get", "/datasets/{name}/versions"),
    ("get", "/datasets/{name}/diff"),
    ("post", "/datasets/{name}/restore"),
    ("post", "/datasets/{name}/collect"),
    ("post", "/dataset/delete-class"),
    ("post", "/training/start"),
    ("get", "/training/status/{training_id}"),
    ("get", "/training/status"),
    ("post", "/training/cancel/{training_id}"),
    ("get", "/training/{training_id}/history"),
    ("get", "/training/{training_id}/logs"),
    ("get", "/training/{training_id}/artifacts"),
    ("get", "/training/{training_id}/samples"),
    ("get", "/models"),
    ("get", "/models/{name}/info"),
    ("get", "/models/{name}/weights"),
    ("delete", "/models/{name}"),
    ("post", "/upload/model"),
    ("post", "/model/validate"),
    ("get", "/model/validate/{validation_id}"),
    ("post", "/model/visualize"),
    ("post", "/model/compare"),
    ("get", "/model/compare"),
    ("get", "/model/compare/{comparison_id}"),
    ("get", "/model/compare/{comparison_id}/boxes"),
    ("post", "/model/thresholds"),
    ("get", "/model/thresholds/{thresholds_id}"),
    ("get", "/artifacts/{key}"),
    ("get", "/events"),
    ("get", "/events/readers"),
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "ValidateDataset": {"check_images": True, "check_labels": True, "validate_format": True},
    "SplitDataset": {"train_ratio": 0.7, "val_ratio": 0.2, "test_ratio": 0.1, "seed": 0},
    "StartTraining": {
        "model_architecture": "yolov8s",
        "epochs": 100,
        "batch_size": 16,
        "learning_rate": 0.01,
        "imgsz": 640,
        "optimizer": "SGD",
        "patience": 50,
        "project_name": "ml_training",
        "save_period": 10,
        "gpu_load_rate": 1.0,
        "priority": "normal",
        "seed": 0,
        "nnodes": 1,
    },
    "ValidateModel": {
        "confidence_threshold": 0.25,
        "iou_threshold": 0.45,
        "save_predictions": True,
        "save_confusion_matrix": True,
        "analyze_errors": True,
        "split": "test",
    },
    "VisualizeModel": {
        "include_confusion_matrix": True,
        "include_pr_curve": True,
        "include_f1_curve": True,
        "include_training_history": True,
        "include_class_metrics": True,
    },
}


@pytest.fixture(scope="module")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home: Path = tmp_path_factory.mktemp("home")
    return create_app(GatewaySettings(home=home)).openapi()


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_a_route_is_there(openapi: dict[str, Any], method: str, path: str) -> None:
    assert method in openapi["paths"][BASE + path]


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_defaults_are_those_that_clients_know(openapi: dict[str, Any], name: str) -> None:
    fields = openapi["components"]["schemas"][name]["properties"]
    assert {each: fields[each]["default"] for each in DEFAULTS[name]} == DEFAULTS[name]
