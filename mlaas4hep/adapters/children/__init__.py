"""Child processes that run one of our modules: fresh ones, or forks of a prepared one."""
