"""The program of every function: serves `function.handler.function` to of-watchdog."""

import os
import sys

from function import handler

from mlaas4hep.faas.server.serve import serve
from mlaas4hep.settings import Settings, SettingsError

if __name__ == "__main__":
    try:
        serve(handler.function, Settings.from_env(os.environ))
    except SettingsError as error:
        sys.exit(f"{handler.function.name} cannot start: {error}")
