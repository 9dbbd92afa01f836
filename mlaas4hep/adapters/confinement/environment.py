"""What a confined process is told of the world: no name of ours, no credential."""

from pathlib import Path

import mlaas4hep


def bare_environment(folder: Path) -> dict[str, str]:
    """Return the variables of a process that stands in a folder, and writes only there."""
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(mlaas4hep.__path__[0]).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "JOBLIB_MULTIPROCESSING": "0",  # its pools take semaphores of /dev/shm, out of reach here
        "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime tells its makers of models, else
        "TORCH_COMPILE_DISABLE": "1",  # torch.compile starts a compiler, which nothing may here
    }
