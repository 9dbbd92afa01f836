"""`python -m mlaas4hep.cli`."""

from mlaas4hep.cli.app import main

main()
