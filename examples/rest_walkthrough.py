"""Validate, train, watch, judge and draw by plain REST calls: nothing but `requests`.

python examples/rest_walkthrough.py [URL] [DATASET] [EPOCHS] [IMGSZ]
"""

import sys
import time
import uuid
from typing import Any
from urllib.parse import urljoin

import requests

URL = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
DATASET = sys.argv[2] if len(sys.argv) > 2 else "demo-logos"  # a folder, or a registered name
EPOCHS = int(sys.argv[3]) if len(sys.argv) > 3 else 15
IMGSZ = int(sys.argv[4]) if len(sys.argv) > 4 else 192
API = f"{URL}/api/v1/ml"


def main() -> None:
    """Each step is one call; long work is asked for again until it is done."""
    report = done(post("dataset/validate", dataset_path=DATASET))
    print(f"valid: {report['valid']}, {report['total_images']} images, {report['classes']}")
    for finding in report["findings"][:5]:
        print(f"  {finding['severity']} {finding['file']}: {finding['message']}")

    started = post(
        "training/start",
        mode="transfer",
        dataset_path=DATASET,
        base_model_path="shirushi-logo-n",
        model_architecture="yolov8n",
        epochs=EPOCHS,
        batch_size=8,
        imgsz=IMGSZ,
        learning_rate=0.004,
        optimizer="AdamW",
        freeze=10,
    ).json()
    training = trained(started["training_id"])

    judged = done(
        post(
            "model/validate",
            model_path=training["best_model_path"],
            test_dataset_path=DATASET,
        )
    )
    print(f"on test: mAP50 {judged['map50']:.3f}, precision {judged['precision']:.3f}")
    print(f"errors: {judged['error_analysis']['error_counts']}")

    drawn = done(post("model/visualize", model_path=training["best_model_path"]))
    print(f"pictures: {drawn['confusion_matrix_path']}, {drawn['pr_curve_path']}")

    for artifact in get(f"training/{training['training_id']}/artifacts"):
        print(f"  {artifact['name']}: {URL}{artifact['url']}")


def trained(training_id: str) -> dict[str, Any]:
    """Follow one training until it ends."""
    epoch = -1
    while True:
        state: dict[str, Any] = get(f"training/status/{training_id}")
        if state["current_epoch"] != epoch:
            epoch = state["current_epoch"]
            metrics = state["current_metrics"] or {}
            print(f"epoch {epoch}/{state['total_epochs']}  mAP50 {metrics.get('map50', 0):.3f}")
        if state["status"] in ("completed", "failed", "cancelled"):
            break
        time.sleep(1)
    if state["status"] != "completed":
        sys.exit(f"training {state['status']}: {state['errors']}")
    print(f"weights: {state['best_model_path']}")
    return state


def post(path: str, **body: Any) -> requests.Response:
    """POST; with a key, so that sending it again after a broken line starts nothing twice."""
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    return checked(requests.post(f"{API}/{path}", json=body, headers=headers, timeout=330))


def get(path: str) -> Any:
    """GET as JSON."""
    return checked(requests.get(f"{API}/{path}", timeout=30)).json()


def done(response: requests.Response) -> dict[str, Any]:
    """The whole result; 202 means: not done yet, ask at `Location`."""
    where = urljoin(URL, response.headers.get("Location", ""))
    result: dict[str, Any] = response.json()
    while result.get("status") in ("queued", "initializing", "running"):
        time.sleep(1)
        result = checked(requests.get(where, timeout=30)).json()
    if result.get("status") in ("failed", "cancelled"):
        sys.exit(f"{result['status']}: {result.get('errors') or result.get('detail')}")
    return result


def checked(response: requests.Response) -> requests.Response:
    """`detail` of a refusal says what to do."""
    if not response.ok:
        sys.exit(response.json()["detail"])
    return response


if __name__ == "__main__":
    main()
