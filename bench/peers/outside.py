"""What others read, in their own environments: `python outside.py METHOD TREE COLUMNS FILE…`.

It imports nothing of ours, so that any Python that has ROOT, weaver-core or pyarrow runs it, and prints one line
of JSON: entries, seconds, CPU seconds and memory. All work is done in one thread. COLUMNS are names
with commas, or * for all columns of numbers and of rows of numbers.

rdataframe: minimum and maximum of every column, as our specs measure.
rdataloader: one epoch of NumPy batches of 10 000 rows in the order of the files, as our chunks; rows
are padded to eight values.
bulk: C++ reads whole baskets of floats (TBranch's bulk reading) and fills the scaled matrix.
numpy: RDataFrame.AsNumpy of all flat columns.
weaver: one epoch of batches of 10 000 rows of weaver-core's data set through PyTorch's loader, in the
order of the files, scaled by numbers that are given; rows are padded to eight values.
parquet: pyarrow reads every column of a Parquet file, row group by row group.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

ROWS, LONGEST = 10_000, 8
NUMBERS = ("Float_t", "Double_t", "Int_t", "UInt_t", "float", "double", "int", "std::int32_t")
Columns = list[str]  #: names; none: all


def _frame(tree: str, columns: Columns, files: list[str]) -> tuple[Any, list[str], list[str]]:
    """Return a data frame, its columns of numbers, and those of rows of numbers."""
    import ROOT  # noqa: PLC0415 - of another environment

    frame = ROOT.RDataFrame(tree, files)
    names = columns or [str(name) for name in frame.GetColumnNames()]
    kinds = {name: str(frame.GetColumnType(name)) for name in names}
    rows = [name for name, kind in kinds.items() if kind.startswith("ROOT::VecOps::RVec<")]
    return frame, [name for name, kind in kinds.items() if kind in NUMBERS], rows


def rdataframe(tree: str, columns: Columns, files: list[str]) -> int:
    """Measure the range of every column in one loop."""
    frame, flat, rows = _frame(tree, columns, files)
    names = [*flat, *rows]
    ends = [(frame.Min(name), frame.Max(name)) for name in names]
    count = frame.Count()
    total = int(count.GetValue())
    assert len([low.GetValue() <= high.GetValue() for low, high in ends]) == len(names)
    return total


BULK = """
#include "TBufferFile.h"
#include "TFile.h"
#include "TTree.h"
long long bulk_fill(const char *path, const char *name) {
   std::unique_ptr<TFile> file{TFile::Open(path)};
   auto tree = file->Get<TTree>(name);
   std::vector<TBranch *> branches;
   for (auto each : *tree->GetListOfBranches()) {
      auto leaf = (TLeaf *)((TBranch *)each)->GetListOfLeaves()->At(0);
      if (std::string(leaf->GetTypeName()) == "Float_t") branches.push_back((TBranch *)each);
   }
   const long long entries = tree->GetEntries();
   const size_t width = branches.size();
   std::vector<float> matrix(entries * width);
   TBufferFile buffer(TBuffer::kWrite, 32 * 1024);
   for (size_t column = 0; column < width; column++)
      for (long long entry = 0; entry < entries;) {
         const int count = branches[column]->GetBulkRead().GetBulkEntries(entry, buffer);
         if (count <= 0) throw std::runtime_error("no bulk reading");
         auto values = reinterpret_cast<const float *>(buffer.GetCurrent());
         float *cell = matrix.data() + entry * width + column;
         for (int i = 0; i < count; i++, cell += width) *cell = (values[i] + 5.f) * 0.1f;
         entry += count;
      }
   return matrix[width] == matrix[width] ? entries : 0;
}
"""


def bulk(tree: str, _columns: Columns, files: list[str]) -> int:
    """Fill the matrix of all floats, basket by basket, in C++."""
    import ROOT  # noqa: PLC0415 - of another environment

    if not hasattr(ROOT, "bulk_fill"):
        ROOT.gInterpreter.Declare(BULK)
    return sum(ROOT.bulk_fill(path, tree) for path in files)


def numpy(tree: str, columns: Columns, files: list[str]) -> int:
    """Take all flat columns as arrays."""
    frame, names, _ = _frame(tree, columns, files)
    found = frame.AsNumpy(names)
    return len(found[names[0]])


def rdataloader(tree: str, columns: Columns, files: list[str]) -> int:
    """Go once through all batches."""
    import ROOT  # noqa: PLC0415 - of another environment

    frame, flat, rows = _frame(tree, columns, files)
    padded = {"max_vec_sizes": dict.fromkeys(rows, LONGEST)} if rows else {}
    loader = ROOT.Experimental.ML.RDataLoader(
        frame, ROWS, columns=[*flat, *rows], shuffle=False, drop_remainder=False, **padded
    )
    return sum(len(batch) for batch in loader.as_numpy())


def _weaver_settings(tree: str, flat: list[str], rows: list[str]) -> dict[str, Any]:
    """Return what weaver's data file says: one input of flat columns, one of rows, and a label."""
    inputs = {
        kind: {
            "length": length,
            "pad_mode": "constant",
            "vars": [[name, -5.0, 0.1, -1e9, 1e9] for name in names],
        }
        for kind, length, names in (("flat", None, flat), ("rows", LONGEST, rows))
        if names
    }
    first = (flat or rows)[0]
    return {
        "treename": tree,
        "new_variables": {"is_one": f"{first}>0", "is_other": f"{first}<=0"},
        "preprocess": {"method": "manual"},
        "inputs": inputs,
        "labels": {"type": "simple", "value": ["is_one", "is_other"]},
    }


def weaver(tree: str, columns: Columns, files: list[str]) -> int:
    """Go once through all batches; it takes a tenth of the entries of a file at a time."""
    import uproot  # noqa: PLC0415 - of another environment
    import yaml  # noqa: PLC0415
    from torch.utils.data import DataLoader  # noqa: PLC0415
    from weaver.utils.dataset import SimpleIterDataset  # noqa: PLC0415

    with uproot.open(files[0]) as file:
        kinds = file[tree].typenames()
    names = columns or [name for name, kind in kinds.items() if "float" in kind]
    rows = [name for name in names if kinds[name] not in ("float", "double")]
    flat = [name for name in names if name not in rows]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as settings:
        yaml.safe_dump(_weaver_settings(tree, flat, rows), settings)
        settings.flush()
        data = SimpleIterDataset(
            {"_": files}, settings.name, for_training=False, fetch_step=0.1, async_load=False
        )
        return sum(len(labels["_label_"]) for _, labels, _ in DataLoader(data, batch_size=ROWS))


def parquet(_tree: str, _columns: Columns, files: list[str]) -> int:
    """Read row groups into arrays."""
    from pyarrow import parquet as pq  # noqa: PLC0415 - of another environment

    total = 0
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, use_threads=False)
                total += table.num_rows
    return total


METHODS: dict[str, Callable[[str, Columns, list[str]], int]] = {
    each.__name__: each for each in (rdataframe, bulk, numpy, rdataloader, weaver, parquet)
}


def main() -> None:
    """Run one method twice, and tell the second time: the first compiles."""
    method, (tree, named, *files) = METHODS[sys.argv[1]], sys.argv[2:]
    columns = [] if named == "*" else named.split(",")
    method(tree, columns, files[:1])
    started, cpu = time.perf_counter(), time.process_time()
    entries = method(tree, columns, files)
    told = {
        "entries": entries,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
