"""JetStream to functions, at least once: pull, call, hold the lease meanwhile, settle.

`lane` is one function's work; `fairness` says whose event is next, `verdict` what an answer means.
"""
