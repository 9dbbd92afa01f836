from collections import Counter

import pytest

from mlaas4hep.dispatcher.fairness import FairQueue


def served(queue: FairQueue[str], times: int, per_owner: int = 99) -> list[str | None]:
    running: Counter[str] = Counter()
    return [queue.take(running, per_owner) for _ in range(times)]


def queue_of(**owners: int) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue()
    for owner, items in owners.items():
        for number in range(items):
            queue.add(owner, f"{owner}{number}")
    return queue


def test_owners_take_turns() -> None:
    queue = queue_of(a=4, b=2)

    assert served(queue, 6) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_ten_chunks_do_not_wait_for_ten_thousand() -> None:
    queue = queue_of(many=10_000, few=10)

    first = served(queue, 20)

    assert [item for item in first if item and item.startswith("few")] == [
        f"few{number}" for number in range(10)
    ]


def test_who_has_fewer_running_comes_first() -> None:
    queue = queue_of(a=2, b=2)
    running = Counter(a=2, b=1)

    assert queue.take(running, 99) == "b0"


def test_who_has_enough_running_waits() -> None:
    queue = queue_of(a=2)

    assert queue.take(Counter(a=1), per_owner=1) is None
    assert queue.take(Counter(), per_owner=1) == "a0"


def test_what_is_put_back_comes_first_again() -> None:
    queue = queue_of(a=2)
    item = queue.take(Counter(), 99)

    queue.put_back("a", item or "")

    assert served(queue, 2) == ["a0", "a1"]
    assert len(queue) == 0


def test_a_line_that_may_not_move_holds_up_no_other() -> None:
    queue: FairQueue[str] = FairQueue()
    for owner, line in (("a", "away"), ("a", "away"), ("a", "well"), ("b", "away")):
        queue.add(owner, f"{owner} {line}", line)

    taken = [queue.take(Counter(), 99, lambda line: line != "away") for _ in range(2)]

    assert taken == ["a well", None]
    assert served(queue, 4) == ["b away", "a away", "a away", None]
    assert len(queue) == 0


def test_an_owners_lines_move_in_the_order_in_which_they_came() -> None:
    queue: FairQueue[int] = FairQueue()
    for number, line in enumerate("xyyxz"):
        queue.add("a", number, line)
    first = queue.take(Counter(), 99)
    queue.put_back("a", 9, "y")

    assert first == 0
    assert list(map(queue.take, [Counter()] * 5, [99] * 5)) == [9, 1, 2, 3, 4]


def test_an_empty_queue_gives_nothing() -> None:
    assert queue_of().take(Counter(), 99) is None


def test_each_of_many_lines_is_looked_at_a_few_times_only() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(1000):
        queue.add("a", number, number)
    looks: list[object] = []

    def may(line: object) -> bool:
        looks.append(line)
        return isinstance(line, int) and line >= 500

    taken = [queue.take(Counter(), 99, may) for _ in range(501)]

    assert taken == [*range(500, 1000), None]
    assert len(looks) <= 3 * 1000


def test_a_line_that_is_free_again_is_found_among_those_set_aside() -> None:
    queue: FairQueue[str] = FairQueue()
    for line in "xyz":
        queue.add("a", line, line)

    assert queue.take(Counter(), 99, lambda _line: False) is None
    taken = [queue.take(Counter(), 99, lambda line: line == "y") for _ in range(3)]

    assert [item for item in taken if item] == ["y"]
    assert sorted(queue) == ["x", "z"]


class Looks(Counter[str]):
    """What runs, by owner, and how often that was asked."""

    asked = 0

    def get(self, key: str, default: int = 0) -> int:  # type: ignore[override]
        self.asked += 1
        return super().get(key, default)


@pytest.mark.parametrize("owners", [30, 100, 300])
def test_an_event_costs_no_more_however_many_owners_wait(owners: int) -> None:
    queue = queue_of(**{f"o{number}": 3 for number in range(owners)})
    running, at_once = Looks(), 10
    for taken in range(3 * owners):
        item = queue.take(running, 99)
        running[str(item)[:-1]] += 1
        if taken >= at_once:
            running[f"o{(taken - at_once) % owners}"] -= 1  # they end as they began

    assert len(queue) == 0
    assert running.asked <= 3 * owners * (at_once + 2)


def test_what_is_removed_is_served_no_more_and_the_rest_keeps_its_turn() -> None:
    queue = queue_of(a=3, b=1)
    queue.add("a", "aside", "line")
    running: Counter[str] = Counter()
    queue.take(running, 99)  # a0

    assert queue.remove("a", lambda item: item in {"a1", "aside"}) == ["a1", "aside"]
    assert queue.remove("nobody", lambda _item: True) == []
    assert (len(queue), list(queue)) == (2, ["b0", "a2"])


def test_what_was_set_aside_is_removed_too() -> None:
    queue: FairQueue[str] = FairQueue()
    for item, line in (("x", "silent"), ("y", None)):
        queue.add("a", item, line)
    taken = queue.take(Counter(), 99, lambda line: line is None)

    assert taken == "y"
    assert queue.remove("a", lambda item: item == "x") == ["x"]
    assert (len(queue), queue.take(Counter(), 99)) == (0, None)
