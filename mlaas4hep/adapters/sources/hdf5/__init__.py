"""The format HDF5: a group of arrays of one length, or a table, is a tree."""
