"""Files of web servers: ranges of them, asked for by httpcore, from addresses that are allowed."""
