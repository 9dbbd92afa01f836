"""Where bytes are: a disk, a tarball, an XRootD or a web server; a place knows no format."""
