"""NATS JetStream: events, run records, leases, and their provisioning."""
