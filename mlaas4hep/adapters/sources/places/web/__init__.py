"""Files of web servers: ranges of them, asked for by urllib3, from addresses that are allowed."""
