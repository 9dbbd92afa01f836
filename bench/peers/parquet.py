"""`python -m bench.peers.parquet FILE…`: our source reads every column of Parquet files."""

import json
import sys
import time

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles


def main() -> None:
    """Read twice, and tell the second time."""
    for _ in range(2):
        started, cpu, entries = time.perf_counter(), time.process_time(), 0
        source = DataFiles(MemoryStore(time.time))
        for path in sys.argv[1:]:
            names = [branch.name for branch in source.describe(path, "").branches]
            survey = source.survey(path, "", names)
            total = source.describe(path, "").entries
            entries += sum(block.entries for block in source.read(survey, names, 0, total))
        told = {
            "entries": entries,
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu,
        }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
