"""What people see and press: screen, progress of a run, signals."""
