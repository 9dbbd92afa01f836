"""The input files of a request: files.txt and labels.txt, and where the files are."""
