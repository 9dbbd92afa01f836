"""Events, and the run that they add up to: a pure state machine with its report and log."""
