"""Which class of the dataset each class of the model is, by name."""

from libs.common.errors import BadInput


def class_order(model: tuple[str, ...], dataset: tuple[str, ...]) -> tuple[int, ...]:
    """The dataset's index of each class of the model.

    Args:
        model: class names that the model was trained with.
        dataset: class names that the labels mean.

    Returns:
        For each class of the model, its place in `dataset`; the same names may be in another order.

    Raises:
        BadInput: `classes_differ`: the names are not the same; the numbers would mean nothing.
    """
    if model == dataset:
        return tuple(range(len(model)))
    if sorted(model) == sorted(dataset) and len(set(model)) == len(model):
        return tuple(dataset.index(name) for name in model)
    raise BadInput(
        f"The model knows {_count(model)} and the dataset has {_count(dataset)}"
        f"{_only('the model', model, dataset)}{_only('the dataset', dataset, model)}. "
        "Judge it on a dataset with the classes that it was trained on.",
        code="classes_differ",
    )


def _count(names: tuple[str, ...]) -> str:
    return "1 class" if len(names) == 1 else f"{len(names)} classes"


def _only(where: str, these: tuple[str, ...], those: tuple[str, ...]) -> str:
    """`; only in the model: a, b` for names of `these` that are not in `those`."""
    names = [name for name in these if name not in set(those)]
    if not names:
        return ""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"; only in {where}: {', '.join(names[:5])}{more}"
