"""What every format of input files obeys, in every place: see `adapters.sources.format.Format`."""

import functools
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.formats import FORMATS, FormatRow
from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.adapters.sources.windows import BLOCK_BYTES, STRETCH
from mlaas4hep.core import wire
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.errors import InvalidRequestError, MlaasError, PermanentError
from tests import oracle
from tests.dataservers import RangeHandler, web_server, xrootd_server
from tests.formats import SAMPLES, arrays

ENTRIES = 2500
TREE = "Events"


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda sample: sample.name)
def sample(request):
    return request.param


@pytest.fixture(scope="module")
def written(sample):
    return arrays(ENTRIES, rows=sample.rows)


@pytest.fixture(scope="module")
def path(sample, written, tmp_path_factory):
    path = tmp_path_factory.mktemp("format") / f"a{sample.suffix}"
    sample.write(path, written)
    return path


@pytest.fixture
def store():
    return MemoryStore(lambda: 0.0)


@pytest.fixture
def source(store):
    return DataFiles(store)


def _read(source, url, names, start=0, stop=ENTRIES):
    blocks = source.read(source.survey(str(url), TREE, names), names, start, stop)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


def _expected(written, start=0, stop=ENTRIES):
    lists = {name: values[start:stop].tolist() for name, values in written.items()}
    return [dict(zip(lists, entry, strict=True)) for entry in zip(*lists.values(), strict=True)]


def test_the_table_has_its_format(sample):
    assert sample.format in {row.name for row in FORMATS}


def test_every_format_of_the_table_has_a_sample():
    assert {row.name for row in FORMATS} == {sample.format for sample in SAMPLES}


def test_describing_tells_entries_and_branches(source, sample, path, written):
    info = source.describe(str(path), TREE)

    kinds = {b.name: (np.dtype(b.dtype).kind, b.jagged) for b in info.branches}
    assert info.entries == ENTRIES
    assert {name: kinds[name] for name in written} == {
        name: (oracle_kind(values), not isinstance(values, np.ndarray))
        for name, values in written.items()
    }
    if sample.keeps_types:
        assert {b.name: b.dtype for b in info.branches}["f"] == "float32"
    assert info.boundaries[0] == 0


def oracle_kind(values):
    return values.dtype.kind if isinstance(values, np.ndarray) else values.layout.content.dtype.kind


@pytest.mark.parametrize(
    ("start", "stop"), [(0, ENTRIES), (0, 1), (699, 701), (1234, 2345), (2499, 2500), (7, 7)]
)
def test_any_range_has_the_entries_that_were_written(source, path, written, start, stop):
    assert _read(source, path, list(written), start, stop) == _expected(written, start, stop)


def test_ranges_may_be_read_in_any_order(source, path, written):
    names = list(written)
    survey = source.survey(str(path), TREE, names)

    for start, stop in [(2000, 2500), (0, 300), (300, 800), (100, 2100), (800, 900)]:
        blocks = source.read(survey, names, start, stop)
        found = [entry for block in blocks for entry in oracle.entries_of(block)]
        assert found == _expected(written, start, stop)


def test_some_branches_are_read_alone(source, path, written):
    some = list(written)[::2]

    found = _read(source, path, some, 10, 20)

    assert found == [{n: e[n] for n in some} for e in _expected(written, 10, 20)]


def test_a_survey_is_all_that_another_process_needs(source, store, path, written):
    names = list(written)
    survey = wire.load(Survey, wire.dump(source.survey(str(path), TREE, names)))

    blocks = DataFiles(store).read(survey, names, 900, 1100)

    found = [entry for block in blocks for entry in oracle.entries_of(block)]
    assert found == _expected(written, 900, 1100)


def test_types_are_native_and_rows_begin_at_zero(source, path, written):
    survey = source.survey(str(path), TREE, list(written))

    for block in source.read(survey, list(written), 5, 2000):
        for values in block.flat.values():
            assert values.dtype.isnative
            assert len(values) == block.entries
        for rows in block.jagged.values():
            assert rows.content.dtype.isnative
            assert (rows.offsets[0], rows.offsets[-1]) == (0, len(rows.content))


def test_blocks_are_bounded(sample, source, tmp_path):
    path = tmp_path / f"a{sample.suffix}"
    written = {"x": np.arange(250_000.0)}
    sample.write(path, written)

    blocks = list(source.read(source.survey(str(path), TREE, ["x"]), ["x"], 0, 250_000))

    assert len(blocks) > 1 or sample.name == "rntuple"  # which has one cluster of 2 MB
    assert max(block.size_bytes for block in blocks) <= STRETCH * BLOCK_BYTES
    assert np.array_equal(np.concatenate([block.flat["x"] for block in blocks]), written["x"])


def test_only_the_wanted_branches_are_read(sample, path):
    if not sample.reads_parts:
        pytest.skip("entries lie as a whole")
    opened = []

    def open_and_remember(stack):
        opened.append(plain.open(stack))
        return opened[-1]

    plain = on_disk(str(path))
    place = replace(plain, open=open_and_remember)
    (row,) = (row for row in FORMATS if row.name == sample.format)
    reader = row.read_with(KeptBlocks(BlockSpool()))
    survey = reader.survey(place, TREE, ["b"])
    before = sum(each.size_bytes for each in opened)
    list(reader.read(place, survey, ["b"], 0, ENTRIES))

    assert sum(each.size_bytes for each in opened) - before < place.size_bytes / 2


def test_a_branch_that_is_not_there_is_named_with_what_is_near(source, path):
    with pytest.raises(InvalidRequestError, match="'xx'") as caught:
        source.survey(str(path), TREE, ["xx"])

    assert "'x'" in caught.value.problem.hint


def test_a_file_that_is_another_one_than_was_surveyed_is_refused(sample, source, path, tmp_path):
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    survey = source.survey(str(copy), TREE, ["x"])
    sample.write(copy, {"x": np.arange(ENTRIES) / 7})

    with pytest.raises(PermanentError, match="changed since the run began"):
        list(source.read(survey, ["x"], 0, 10))


def test_other_content_has_another_identity(sample, source, path, tmp_path):
    same, other = tmp_path / f"s{sample.suffix}", tmp_path / f"o{sample.suffix}"
    shutil.copy(path, same)
    changed = arrays(ENTRIES, rows=sample.rows) | {"x": np.arange(ENTRIES) * 1.0}
    sample.write(other, changed)
    first, second, third = (
        replace(source.describe(str(p), TREE), url="").identity for p in (path, same, other)
    )

    assert first == second
    assert first != third


def test_an_empty_file_is_named(source, sample, tmp_path):
    path = tmp_path / f"a{sample.suffix}"
    path.write_bytes(b"")

    with pytest.raises(InvalidRequestError, match=r"a\..*is empty"):
        source.describe(str(path), TREE)


def test_a_file_without_entries_has_none(source, sample, tmp_path):
    path = tmp_path / f"a{sample.suffix}"
    sample.write(path, {"x": np.array([], np.float64)})
    if not path.stat().st_size:
        pytest.skip("such a file is empty")

    assert source.describe(str(path), TREE).entries == 0


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.999])
def test_a_file_that_is_cut_short_is_refused_or_has_fewer_entries(
    source, sample, path, tmp_path, share
):
    whole = path.read_bytes()
    short = tmp_path / path.name
    short.write_bytes(whole[: int(share * len(whole))])

    try:
        entries = source.describe(str(short), TREE).entries
    except InvalidRequestError as error:
        assert path.name in str(error)  # noqa: PT017 - refusing is one of two good answers
    else:
        assert not sample.is_marked
        assert entries < ENTRIES


def test_damage_is_never_anything_but_our_own_error(source, sample, path, written, tmp_path):
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    for number in range(30):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 1 + number % 5):
            data[at] = rng.integers(0, 256)
        damaged = tmp_path / f"{number}{sample.suffix}"
        damaged.write_bytes(data)
        try:
            entries = source.describe(str(damaged), TREE).entries
            _read(source, damaged, list(written), 0, min(entries, ENTRIES))
        except MlaasError as error:
            assert isinstance(error, PermanentError)  # noqa: PT017 - so it may be


@pytest.mark.parametrize("suffix", [".root", ".parquet", ".csv", ".dat"])
def test_a_wrong_name_does_not_hide_what_a_file_is(source, sample, path, written, tmp_path, suffix):  # noqa: PLR0917
    renamed = tmp_path / f"renamed{suffix}"
    shutil.copy(path, renamed)

    if sample.is_marked:
        assert _read(source, renamed, ["x"], 0, 5) == [
            {"x": e["x"]} for e in _expected(written, 0, 5)
        ]
    elif not sample.suffix.startswith(suffix):
        with pytest.raises(InvalidRequestError, match="renamed"):
            source.describe(str(renamed), TREE)


@pytest.fixture(scope="module", params=["tarball", "web", "xrootd"])
def place(request, path):
    match request.param:
        case "tarball":
            yield lambda store: _in_tarball(store, path)
        case "web":
            handler = functools.partial(RangeHandler, directory=str(path.parent))
            with web_server(handler) as prefix:
                yield lambda _store: f"{prefix}/{path.name}"
        case "xrootd":
            with xrootd_server(path.parent) as prefix:
                yield lambda _store: f"{prefix}/{path.name}"


def _in_tarball(store, path):
    key = f"o/f/0/files/{path.name}"
    store.put(key, path.read_bytes())
    return f"tarball:{key}"


def test_every_place_has_the_same_entries(place, store, source, path, written):
    url = place(store)
    there, here = source.describe(url, TREE), source.describe(str(path), TREE)

    assert replace(there, url="") == replace(here, url="")
    assert _read(source, url, list(written), 500, 1500) == _expected(written, 500, 1500)


def test_a_format_that_is_not_installed_is_refused_with_what_to_install():
    row = FormatRow(name="Zarr", module="nothing.here", extra="zarr")

    with pytest.raises(InvalidRequestError, match="Zarr files cannot be read here") as caught:
        row.read_with(KeptBlocks(BlockSpool()))

    assert "mlaas4hep[zarr]" in caught.value.problem.hint
