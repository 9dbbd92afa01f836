"""Models that do not convert, in the framework that trained them."""
