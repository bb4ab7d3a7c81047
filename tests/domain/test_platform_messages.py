"""Order does not matter: every permutation of an order's messages ends in the same fold."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import DomainError
from app.domain.platform_messages import RANK, TYPES, Fold, Message, fold, ordered

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def at(minute, type_, key=None):
    return Message(type_, NOON + timedelta(minutes=minute), key or f"{type_}-{minute}")


def test_the_ranks_are_those_of_the_interface():
    assert sorted(RANK, key=RANK.__getitem__) == ["ISSUE", "URGE", "REPEAT", "RETREAT", "REJECT", "SATISFIED", "CANCEL"]


def test_every_permutation_of_all_seven_at_different_times_is_one_fold():
    line = [at(i, type_) for i, type_ in enumerate(TYPES)]
    for shuffled in itertools.permutations(line):
        assert ordered(shuffled) == tuple(line)
        assert fold(shuffled) == Fold(1, 1, 1, "cancelled", "CANCEL-6")


def test_every_permutation_of_all_seven_at_one_instant_follows_the_rank():
    line = [at(0, type_) for type_ in TYPES]
    assert {fold(shuffled) for shuffled in itertools.permutations(line)} == {Fold(1, 1, 1, "cancelled", "CANCEL-0")}


@pytest.mark.parametrize("times", list(itertools.product(range(3), repeat=5)))
def test_whatever_the_times_are_arrival_never_matters(times):
    types = ("ISSUE", "URGE", "REPEAT", "REJECT", "SATISFIED")
    messages = [at(minute, type_) for minute, type_ in zip(times, types, strict=True)]
    assert len({fold(shuffled) for shuffled in itertools.permutations(messages)}) == 1


def test_the_last_word_by_time_is_the_verdict():
    assert fold([at(2, "REJECT"), at(1, "SATISFIED")]).verdict == "rejected"
    assert fold([at(1, "REJECT"), at(2, "SATISFIED")]).verdict == "satisfied"
    assert fold([at(1, "REJECT"), at(1, "SATISFIED")]).verdict == "satisfied"
    assert fold([at(1, "CANCEL"), at(2, "REJECT")]) == Fold(0, 0, 1, "rejected", "REJECT-2")


def test_several_of_a_kind_are_counted_and_a_duplicate_is_not():
    messages = [
        at(1, "URGE"),
        at(2, "URGE"),
        at(1, "URGE"),
        at(3, "REPEAT"),
        at(4, "REJECT", "a"),
        at(5, "REJECT", "b"),
    ]
    assert fold(messages) == Fold(2, 1, 2, "rejected", "b")


def test_of_one_key_with_two_times_the_earlier_counts_in_any_order():
    twice = [at(1, "REJECT", "k"), at(9, "REJECT", "k"), at(5, "SATISFIED")]
    assert {fold(shuffled) for shuffled in itertools.permutations(twice)} == {Fold(0, 0, 1, "satisfied", "SATISFIED-5")}


def test_no_messages_and_no_verdict_are_plain_zeros():
    assert fold([]) == Fold() == Fold(0, 0, 0, None, None)
    assert fold([at(0, "ISSUE")]) == Fold()


def test_an_unknown_type_is_refused_with_its_code():
    with pytest.raises(DomainError) as caught:
        fold([at(0, "PRAISE")])
    assert caught.value.code == "unknown_message_type"
