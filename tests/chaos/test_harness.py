from random import Random

import pytest

from chaos import deletions, faults, seeds
from chaos.rereading import Rereading
from chaos.seeds import Seed
from mlaas4hep import bootstrap
from mlaas4hep.settings import Settings


class Nobody:
    """A site of two parts, none of which is there."""

    parts = ("train", "nats")

    def __init__(self):
        self.now = 1.0
        self.store = bootstrap.services(Settings())

    def pid(self, _part):
        return None

    def services(self):
        return self.store


def planned(seed):
    random = Random(seed)
    made = [*faults.of_processes(Nobody(), random), *deletions.of_nats(Nobody(), random)]
    random.shuffle(made)
    return [fault.name for fault in made]


def test_a_seed_always_means_the_same_and_each_part_is_hit_in_each_way():
    assert planned(7) == planned(7)
    assert planned(7) != planned(8)
    assert {f"{kind} {part}" for kind in ("kill", "pause", "stop") for part in Nobody.parts} <= set(
        planned(7)
    )


def test_what_is_not_there_is_not_counted_as_hit():
    assert not any(fault.hit() for fault in faults.of_processes(Nobody(), Random(1)))


def test_what_is_written_again_was_read_again():
    site, reread = Nobody(), Rereading()
    chunks = site.services().chunks
    for content in (b"12345", b"12345678"):
        chunks.put("o/a.chunk", content)
        chunks.put("o/b.chunk", b"123") if content == b"12345" else None
        reread.look(site)
        reread.look(site)

    assert (reread.made_bytes, reread.again_bytes) == (11, 5)


@pytest.mark.parametrize(
    "seed",
    [Seed(number=5, site="laptop"), Seed(number=5, site="platform", kinds=("cut", "delete"))],
)
def test_a_seed_that_failed_is_tried_again_as_it_was(tmp_path, seed):
    file = tmp_path / "seeds.txt"
    file.write_text("laptop 1\n")

    seeds.keep(seed, file)
    seeds.keep(seed, file)

    assert seeds.kept(seed.site, file)[-1] == seed
    assert len(file.read_text().splitlines()) == 2
