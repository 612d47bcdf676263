"""What MLflow is told, from our events; no I/O."""

from libs.common.events import TrainingPlanned, TrainingRequested

LONGEST_VALUE = 6000  # of a parameter, by MLflow
TRAINING = "shirushi.training_id"
EVALUATION = "shirushi.evaluation."


def parameters(event: TrainingRequested) -> dict[str, str]:
    """Every argument of the training, nested ones after a dot."""
    flat: dict[str, object] = {}
    given = event.arguments.model_dump(mode="json", exclude={"given", "augmentation_params"})
    for name, value in (given | {"augmentation": event.arguments.augmentation_params}).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return {name: str(value)[:LONGEST_VALUE] for name, value in flat.items()}


def fitted(event: TrainingPlanned) -> dict[str, str]:
    """What the preset set, under `fitted.`: a parameter of MLflow cannot change."""
    return {f"fitted.{each.argument}": str(each.value) for each in event.fitted}


def tags(event: TrainingRequested) -> dict[str, str]:
    """How to find the run, and what it was made from."""
    found = {
        TRAINING: event.job_id,
        "shirushi.dataset": event.dataset.name,
        "shirushi.dataset_version": event.dataset.version,
        "shirushi.base_model": event.base_model and event.base_model.name,
        "shirushi.extends": event.extends,
    }
    return {name: value for name, value in found.items() if value} | {
        f"tag.{tag}": "true" for tag in event.tags
    }
