"""Put the ROOT file of this example beside this script (or into the folder that is named)."""

import shutil
import sys
from pathlib import Path

from skhep_testdata import data_path

NAME = "uproot-issue63.root"  # inside the wheel of scikit-hep-testdata 0.3.0: no network

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    print(shutil.copy(data_path(NAME), folder / NAME))
