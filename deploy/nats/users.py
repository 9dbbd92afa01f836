"""Make passwords for the users of users.json, and users.conf for the server; safe to run again.

    python deploy/nats/users.py --keys secrets/ --out deploy/nats/users.conf

`secrets/USER-nats-user` holds `user:password`, as MLAAS_NATS_USER_FILE wants it; those that are
missing are made. users.conf holds the passwords too: it is for the server's eyes only.
"""

import argparse
import json
import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).parent


def write_users(keys: Path, out: Path) -> None:
    """Write the configuration of all users, with passwords from the folder `keys`."""
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = json.loads((HERE / "users.json").read_text(encoding="utf-8"))["users"]
    with_passwords = [user | {"password": _password(keys, user["user"])} for user in users]
    lines = ",\n".join(f"  {json.dumps(user)}" for user in with_passwords)
    _write(out, f"users: [\n{lines}\n]\n")


def _password(keys: Path, user: str) -> str:
    path = keys / f"{user}-nats-user"
    if not path.exists():
        _write(path, f"{user}:{secrets.token_hex(20)}")
    return path.read_text(encoding="utf-8").strip().partition(":")[2]


def _write(path: Path, text: str) -> None:
    """Write a file that only we can read."""
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--keys", type=Path, required=True, help="folder of the users' files")
    parser.add_argument("--out", type=Path, default=HERE / "users.conf", help="for the server")
    options = parser.parse_args(arguments)
    write_users(options.keys, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
