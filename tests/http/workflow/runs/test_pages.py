"""Pages of a long list of runs: what is looked at for one."""

import pytest

from mlaas4hep.core.runs.run import Run


class Figures(tuple[tuple[str, float], ...]):
    """Figures of a run that count how often they are looked at."""

    __slots__ = ()
    looks = 0

    def __reversed__(self):
        Figures.looks += 1
        return reversed(tuple(self))


@pytest.mark.parametrize("sort", ["created_at", "-name", "status", "seconds"])
def test_only_the_runs_of_a_page_are_told(world, alice, sort):
    for number in range(30):
        world.services.runs.create(
            Run(
                owner=alice.owner,
                name=f"luca_{number:02}",
                folder="luca",
                number=number,
                created_at=1.0,
                updated_at=2.0,
                metrics=Figures([("auc", 0.9)]),
            )
        )
    before = Figures.looks

    page = alice.get(f"/runs?limit=3&sort={sort}").json

    assert (len(page["runs"]), page["total"]) == (3, 30)
    assert Figures.looks - before == 3
