"""What names of input files end in, by format: the one table."""

_PACKED = ("", ".gz", ".zst")


def _texts(*kinds: str) -> tuple[str, ...]:
    return tuple(f".{kind}{packed}" for kind in kinds for packed in _PACKED)


SUFFIXES = {  #: lower case
    "ROOT": (".root",),
    "Parquet": (".parquet", ".pq"),
    "Arrow": (".arrow", ".arrows", ".feather", ".ipc"),
    "Avro": (".avro",),
    "NumPy": (".npz", ".npy"),
    "HDF5": (".h5", ".hdf5", ".hdf"),
    "CSV": _texts("csv", "tsv"),
    "JSON": _texts("json", "jsonl", "ndjson"),
}
_OF_MODELS = ("NumPy", "HDF5", "JSON")  #: weights, constants and settings lie in such files, too
OF_DATA_ALONE = tuple(
    suffix for name, suffixes in SUFFIXES.items() if name not in _OF_MODELS for suffix in suffixes
)
