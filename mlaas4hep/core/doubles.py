"""Whole numbers, which a double, and so JSON, holds only up to a limit."""

DOUBLES_HOLD = 2**53  #: every whole number up to here is a double
