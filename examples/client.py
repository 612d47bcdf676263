"""Everything a program needs, in turn: check, train, watch, judge, keep.

python examples/client.py DATASET [BASE_MODEL]
"""

import sys

from libs.client import ApiError, Client, JobFailed


def main(dataset: str, base: str = "shirushi-logo-n") -> int:
    """0 when a model was trained and judged."""
    with Client() as client:  # SHIRUSHI_URL and SHIRUSHI_TOKEN, or the stack of SHIRUSHI_HOME
        report = client.validate_dataset(dataset, mode="fast")
        print(report["total_images"], "images,", len(report["errors"]), "errors")

        # The key makes it safe to run this program again: it starts one training, ever.
        started = client.start_training(
            dataset,
            "transfer",
            base_model_path=base,
            model_architecture="yolov8n",
            epochs=2,
            imgsz=64,
            batch_size=4,
            key=f"example-{dataset}",
        )
        run = started["training_id"]
        for event in client.events(topics=[f"training.*.*.{run}"]):
            if event.type == "training.epoch_completed.v1":
                print("epoch", event.data["epoch"], "mAP50", event.data["map50"])
            if event.type in {"training.completed.v1", "training.failed.v1"}:
                break
        try:
            judged = client.validate_model(run, dataset)
        except (ApiError, JobFailed) as error:
            print("not judged:", error)
            return 1
        print("mAP50", judged["map50"], "false alarms", judged["false_alarms"]["per_1000_images"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
