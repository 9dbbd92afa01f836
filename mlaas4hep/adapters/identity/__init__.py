"""Bearer tokens: verified, signed, and the keys for both."""
