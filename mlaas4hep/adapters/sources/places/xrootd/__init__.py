"""Files of XRootD servers: their client works in processes of its own, one for each server."""
