"""Our side of a training: starts its process, reads its reports, and bounds what it may use."""
