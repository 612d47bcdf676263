"""Which trainings leave a card."""

from libs.common.urgency import Holder
from services.trainer.domain.devices import Gpu
from services.trainer.domain.memory import GIB
from services.trainer.domain.room import Hold, fits_in_s, who_leaves, who_leaves_all

HIGH, NORMAL, LOW = 0, 1, 2


def card(uuid: str, free_gib: int) -> Gpu:
    return Gpu(0, uuid, "T4", 16 * GIB, (16 - free_gib) * GIB)


def hold(job_id: str, level: int, gib: int, uuid: str = "a", **more: bool) -> Hold:
    return Hold(Holder(job_id, level, 0.0, **more), uuid, gib * GIB)


def leaving(need_gib: int, gpus: list[Gpu], holds: list[Hold], level: int = HIGH) -> list[str]:
    return list(who_leaves(need_gib * GIB, gpus, holds, level=level, now_s=0.0))


def test_the_fewest_less_urgent_ones_leave() -> None:
    cards = [card("a", 2), card("b", 2)]
    holds = [hold("a1", LOW, 4), hold("a2", LOW, 4), hold("b1", NORMAL, 8, "b")]
    assert leaving(8, cards, holds) == ["b1"]
    assert leaving(8, cards[:1], holds) == ["a1", "a2"]


def test_nobody_leaves_where_it_would_not_help() -> None:
    assert leaving(12, [card("a", 2)], [hold("a1", LOW, 4), hold("a2", HIGH, 8)]) == []
    assert leaving(8, [card("a", 2)], [hold("a1", NORMAL, 8)], level=NORMAL) == []


def test_nobody_else_is_asked_while_enough_leave_already() -> None:
    holds = [hold("a1", LOW, 8, settled=True), hold("a2", LOW, 8)]
    assert leaving(8, [card("a", 2)], holds) == []


def test_a_training_on_several_cards_sends_away_from_each_or_from_none() -> None:
    cards = [card("a", 2), card("b", 2)]
    on_both = [hold("both", LOW, 8), hold("both", LOW, 8, "b"), hold("a1", LOW, 8)]

    def asked(*holds: Hold) -> list[str]:
        return list(who_leaves_all(8 * GIB, cards, holds, level=HIGH, now_s=0.0))

    assert asked(*on_both[:2]) == ["both"]
    assert asked(hold("a1", LOW, 8), hold("b1", LOW, 8, "b")) == ["a1", "b1"]
    assert asked(hold("a1", LOW, 8), hold("b1", HIGH, 8, "b")) == []


def test_it_fits_when_enough_of_a_card_will_have_ended() -> None:
    cards = [card("a", 2), card("b", 2)]
    holds = [hold("a1", HIGH, 4), hold("a2", HIGH, 4), hold("b1", HIGH, 8, "b")]
    ends = {"a1": 60.0, "a2": 30.0, "b1": 90.0}
    need = 8 * GIB
    assert fits_in_s(need, cards, holds, ends, together=False) == 60.0
    assert fits_in_s(need, cards, holds, ends, together=True) == 90.0
    assert fits_in_s(need, cards[1:], holds, ends, together=False) == 90.0
    assert fits_in_s(need, cards, holds, {"a2": 30.0}, together=False) is None
    assert fits_in_s(need, cards, [], {}, together=False) is None, "strangers have the rest"
    leaves = [hold("a1", HIGH, 8, settled=True)]
    assert fits_in_s(need, cards, leaves, {}, together=False) == 0.0
