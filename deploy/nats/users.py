"""Make passwords for the users of users.json, and users.conf for the server; safe to run again.

    python deploy/nats/users.py --keys secrets/ --out deploy/nats/users.conf

`secrets/USER-nats-user` holds `user:password`, as MLAAS_NATS_USER_FILE wants it; those that are
missing are made. users.conf holds the passwords too: it is for the server's eyes only.
`mlaas4hep-admin secrets make` makes these and all other keys.
"""

import argparse
import sys
from pathlib import Path

from mlaas4hep.admin.secretfiles import write_nats_users

HERE = Path(__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--keys", type=Path, required=True, help="folder of the users' files")
    parser.add_argument("--out", type=Path, default=HERE / "users.conf", help="for the server")
    options = parser.parse_args(arguments)
    write_nats_users(options.keys, options.out, HERE / "users.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
