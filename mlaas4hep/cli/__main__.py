"""`python -m mlaas4hep.cli`."""

from mlaas4hep.cli import main

main()
