from random import Random

import httpx2
import pytest

from chaos import checks, deletions, faults, seeds
from chaos.checks import Seen
from chaos.laptop import flip_a_bit
from chaos.reading import Reading, served
from chaos.seeds import Seed
from mlaas4hep.core import keys
from mlaas4hep.testing import pipeline


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
            httpx2.get(f"{data.url}/data.root", headers={"Range": f"bytes={start}-{stop}"})
        reading.undisturbed_bytes = data.total_bytes
        httpx2.get(f"{data.url}/data.root", headers={"Range": "bytes=0-49"})
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


class Damaged:
    """A site whose store has two chunks that are none; one of them was damaged by the harness."""

    def __init__(self):
        self._services = pipeline.make_services()
        self.ours, self.other = (keys.chunk("o", letter * 32) for letter in "ab")
        for key in (self.ours, self.other):
            self._services.chunks.put(key, b"no chunk")

    def services(self):
        return self._services

    def flipped(self):
        return {self.ours}


def test_a_chunk_that_was_damaged_after_its_last_reader_is_repaired_and_any_other_is_wrong():
    site = Damaged()

    before = Seen(findings=frozenset(), models=frozenset())
    wrong = list(checks._of_store(site, before, runs=0))

    assert [site.other in line for line in wrong] == [True]
    assert site.services().chunks.info(site.ours) is None
    assert site.services().chunks.info(site.other) is not None


def test_a_flipped_bit_is_seen_by_who_reads_the_file_anew_and_by_nobody_who_has_it_open(tmp_path):
    path = tmp_path / "a.chunk"
    path.write_bytes(bytes(100))
    with path.open("rb") as opened:
        flip_a_bit(path, tmp_path / "beside")
        before = opened.read()

    assert before == bytes(100)
    assert sum(byte.bit_count() for byte in path.read_bytes()) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["a.chunk"]
