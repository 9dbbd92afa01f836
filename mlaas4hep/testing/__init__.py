"""What tests and benchmarks share and users may need for theirs: a real NATS server, services, runs."""
