"""A script of the system that this one replaces, as its users wrote it: it must keep working.

python examples/legacy_client.py [URL] [DATASET] [EPOCHS]
"""

import sys
import time

import requests

base_url = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
dataset_path = sys.argv[2] if len(sys.argv) > 2 else "datasets/logos"
epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 100
api = f"{base_url}/api/v1/ml"

response = requests.post(
    f"{api}/dataset/validate",
    json={
        "dataset_path": dataset_path,
        "check_images": True,
        "check_labels": True,
        "validate_format": True,
    },
    timeout=120,
)
validation = response.json()
print(f"Dataset valid: {validation['valid']}")
print(f"Images: {validation['total_images']}, labels: {validation['total_labels']}")
if not validation["valid"]:
    print(f"Errors: {validation['errors']}")
    sys.exit(1)

response = requests.post(
    f"{api}/training/start",
    json={
        "mode": "full",
        "dataset_path": dataset_path,
        "model_architecture": "yolov8s",
        "epochs": epochs,
        "batch_size": 16,
        "learning_rate": 0.01,
    },
    timeout=120,
)
training_id = response.json()["training_id"]
print(f"Training started: {training_id}")

while True:
    status = requests.get(f"{api}/training/status/{training_id}", timeout=120).json()
    print(f"Progress: {status['progress']:.1f}%  status: {status['status']}")
    if status["status"] in ["completed", "failed"]:
        break
    time.sleep(2)

print(f"Finished: {status['status']}, best model: {status['best_model_path']}")
sys.exit(0 if status["status"] == "completed" else 1)
