"""Which branches are used: preproc.json, cuts, new branches, features and identifiers."""
