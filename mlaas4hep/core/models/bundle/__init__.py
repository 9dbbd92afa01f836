"""What is in a bundle: the contract, the files that answer, the models of folds, conversions."""
