"""What the command line does not load before a command asks for it."""

import subprocess
import sys

PRINTED = """
import sys
import mlaas4hep.cli.app
print(*sorted({"asyncio", "httpx2", "numpy", "jwt", "mlaas4hep.client.client"} & sys.modules.keys()))
"""


def test_who_asks_for_help_waits_for_no_http():
    told = subprocess.run(
        [sys.executable, "-c", PRINTED], capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == []
