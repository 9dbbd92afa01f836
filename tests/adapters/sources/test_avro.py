"""What is special about Avro: unions, enumerations, logical types, what is no number."""

from datetime import date
from decimal import Decimal

import fastavro
import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError
from tests import oracle


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _read(source, path, names):
    entries = source.describe(str(path), "").entries
    blocks = source.read(source.survey(str(path), "", names), names, 0, entries)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


def _write_avro(path, kinds, entries):
    fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
    with path.open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "entry", "fields": fields}, entries)


def test_unions_of_numbers_and_enumerations_of_avro_are_read(source, tmp_path):
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    kinds = {"x": ["null", "int", "double"], "n": ["int", "long"], "e": enum, "again": "E"}
    fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
    entries = [
        {"x": 1.5, "n": 2**60 + 1, "e": "A", "again": "B"},
        {"x": 2, "n": 3, "e": "B", "again": "B"},
    ]
    with (tmp_path / "a.avro").open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "entry", "fields": fields}, entries)

    assert _read(source, tmp_path / "a.avro", list(kinds)) == entries


def test_what_avro_cannot_give_as_numbers_does_not_condemn_the_record_around_it(source, tmp_path):
    when = {"type": "int", "logicalType": "date"}
    odd = {"when": when, "map": {"type": "map", "values": "int"}, "union": ["int", "string"]}
    fields = [{"name": name, "type": kind} for name, kind in ({"x": "float"} | odd).items()]
    kind = {"type": "record", "name": "inner", "fields": fields}
    inner = {"x": 1.5, "when": date(2020, 1, 1), "map": {"a": 1}, "union": "text"}
    kinds = {"one": kind, "some": {"type": "array", "items": "inner"}, "when": when}
    _write_avro(
        tmp_path / "a.avro", kinds, [{"one": inner, "some": [inner], "when": inner["when"]}]
    )

    info = source.describe(str(tmp_path / "a.avro"), "")

    assert _read(source, tmp_path / "a.avro", ["one.x", "some.x"]) == [
        {"one.x": 1.5, "some.x": [1.5]}
    ]
    left_out = dict(info.unreadable)
    assert left_out["when"] == left_out["some.when"] == "date32[day]"
    assert left_out["one.map"] == "map<string, int32>"


def test_decimals_of_avro_are_read_and_logical_types_that_nobody_knows_as_what_is_stored(
    source, tmp_path
):
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 20}
    kinds = {
        "d": ["null", decimal | {"scale": 2}],
        "n": {"type": "long", "logicalType": "of our own"},
        "large": decimal,
    }
    entries = [
        {"d": Decimal("1.25"), "n": 2**60 + 1, "large": Decimal(2**53 + 1)},
        {"d": None, "n": 3, "large": Decimal(3)},
    ]
    _write_avro(tmp_path / "a.avro", kinds, entries)

    first, second = _read(source, tmp_path / "a.avro", ["d", "n"])
    assert (first, second["n"], np.isnan(second["d"])) == ({"d": 1.25, "n": 2**60 + 1}, 3, True)
    with pytest.raises(InvalidRequestError, match=r"'large' has whole numbers above 2\^53"):
        _read(source, tmp_path / "a.avro", ["large"])
