"""Bring what the page has from npm up to date: `python docs/vendor.py`, with npm at hand.

vendored.json names packages, versions and files; what was fetched is written down in vendored.lock
with digests, which a test compares with the files that are served.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WEB = Path(__file__).parents[1] / "mlaas4hep" / "web"
VENDOR, LICENCES, LOCK = WEB / "ui" / "vendor", WEB / "licences", WEB / "vendored.lock"


def main() -> None:
    """Fetch every package at its version, copy its files and licence, and write the lock."""
    wanted = json.loads((WEB / "vendored.json").read_text(encoding="utf-8"))
    lock = {}
    with tempfile.TemporaryDirectory() as folder:
        packages = [f"{name}@{package['version']}" for name, package in wanted.items()]
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *packages]
        subprocess.run([*command, "--prefix", folder], check=True, stdout=sys.stderr)
        npm = json.loads((Path(folder) / "package-lock.json").read_text(encoding="utf-8"))
        for name, package in wanted.items():
            source = Path(folder) / "node_modules" / name
            lock[name] = {
                "version": package["version"],
                "integrity": npm["packages"][f"node_modules/{name}"]["integrity"],
                "files": _copied(source, package),
            }
    LOCK.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


def _copied(source: Path, package: dict) -> dict[str, str]:
    licence = LICENCES / f"{source.name}.txt"
    LICENCES.mkdir(exist_ok=True)
    VENDOR.mkdir(exist_ok=True)
    shutil.copyfile(source / package["licence"], licence)
    copies = {VENDOR / target: source / path for path, target in package["files"].items()}
    for target, path in copies.items():
        shutil.copyfile(path, target)
    return {str(path.relative_to(WEB)): sha256(path) for path in (licence, *copies)}


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
