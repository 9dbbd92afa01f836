"""`python -m deploy.testbed.torch`: an environment `.venv-torch`, which is `.venv` plus PyTorch.

PyTorch for Linux comes with 5 GB of CUDA, so that developers who do not need it are spared it. It
lies once on a machine, under a digest of the versions that pyproject.toml asks for; the
environment only points there. What is missing is installed, which takes some two minutes.
"""

import hashlib
import os
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
from pathlib import Path

from deploy.supply import images

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlaas4hep-testbed"
ENVIRONMENT = ROOT / ".venv-torch"


def main() -> None:
    """Install what is missing."""
    packages = _packages(_requirements())
    if not (ENVIRONMENT / "bin" / "python").exists():
        venv.create(ENVIRONMENT, with_pip=False, symlinks=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(ENVIRONMENT)}))
    ours = sysconfig.get_path("purelib")
    (own / "paths.pth").write_text(
        f"import site; site.addsitedir({ours!r})\n{packages}\n", encoding="utf-8"
    )


def _requirements() -> list[str]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return sorted(content["project"]["optional-dependencies"]["torch"])


def _packages(requirements: list[str]) -> Path:
    """Return the folder that holds these packages and what they need."""
    version = f"{sys.version_info.major}.{sys.version_info.minor} {requirements}"
    digest = hashlib.sha256(version.encode()).hexdigest()[:12]
    whole = CACHE / f"torch-{digest}"
    if not whole.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        print(f"installing {', '.join(requirements)} into {whole}, once: 5 GB")  # noqa: T201 - a command
        with tempfile.TemporaryDirectory(prefix="torch-", dir=CACHE) as folder:
            # the sandbox may read folders of this name
            target = Path(folder) / "made" / "site-packages"
            lock = Path(folder) / "lock.txt"
            lock.write_text(images.requirements("function,torch"), encoding="utf-8")
            pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir")
            hashed = ("--only-binary", ":all:", "--require-hashes", "--requirement", lock)
            subprocess.run([*pip, "--target", target, *hashed], check=True)
            target.parent.rename(whole)
    return whole / "site-packages"


if __name__ == "__main__":
    main()
