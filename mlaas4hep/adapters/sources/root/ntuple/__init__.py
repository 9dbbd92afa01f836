"""RNTuple, ROOT's columnar format: its envelopes, fields, pages, and the values in them."""
