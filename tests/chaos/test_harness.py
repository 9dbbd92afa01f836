from random import Random

import httpx
import pytest

from chaos import deletions, faults, seeds
from chaos.reading import Reading, served
from chaos.seeds import Seed


class Nobody:
    """A site of two parts, none of which is there."""

    parts = ("train", "nats")

    def pid(self, _part):
        return None


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


def test_what_a_server_sends_is_counted_and_what_nobody_needed_was_read_twice(tmp_path):
    (tmp_path / "data.root").write_bytes(bytes(100))
    reading = Reading()
    with served(tmp_path) as data:
        for start, stop in ((0, 9), (90, 200)):
            httpx.get(f"{data.url}/data.root", headers={"Range": f"bytes={start}-{stop}"})
        reading.undisturbed_bytes = data.total_bytes
        httpx.get(f"{data.url}/data.root", headers={"Range": "bytes=0-49"})
        reading.add(people=2, read_bytes=data.total_bytes)

    assert (reading.needed_bytes, reading.read_bytes, reading.again_bytes) == (40, 70, 30)


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
