"""The program of every function: serves `function.handler.function` to of-watchdog."""

import gc
import os
import sys


def main() -> None:
    """Serve until SIGTERM."""
    gc.disable()  # what is imported stays; looking through it again and again took a sixth of a start
    from function import handler  # noqa: PLC0415 - after that

    from mlaas4hep.faas.server.serve import serve  # noqa: PLC0415 - the same
    from mlaas4hep.settings import Settings, SettingsError  # noqa: PLC0415 - the same

    try:
        serve(handler.function, Settings.from_env(os.environ))
    except SettingsError as error:
        sys.exit(f"{handler.function.name} cannot start: {error}")


if __name__ == "__main__":
    main()
