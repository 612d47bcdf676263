"""What to do next, in sentences that carry the numbers they rest on. Each rule is one function."""

from collections.abc import Callable

from services.analyzer.domain import advice_on_models, advice_on_sets
from services.analyzer.domain.facts import Advice, Facts

Rule = Callable[[Facts], Advice | None]

RULES: tuple[Rule, ...] = (
    advice_on_sets.judged_on_train,
    advice_on_sets.leakage,
    advice_on_sets.no_clean_images,
    advice_on_sets.too_few_for_a_verdict,
    advice_on_sets.classes_with_few_labels,
    advice_on_sets.labels_to_look_at,
    advice_on_models.misses_in_few_classes,
    advice_on_models.misses_are_small,
    advice_on_models.alarms_of_one_class,
    advice_on_models.look_alikes,
    advice_on_models.boxes_out_of_place,
    advice_on_models.logos_found_twice,
    advice_on_models.better_confidence,
    advice_on_models.calibration_off,
)


def advise(facts: Facts) -> list[Advice]:
    """What the rules have to say, in their order: what spoils the numbers comes first."""
    return [said for rule in RULES if (said := rule(facts))]
