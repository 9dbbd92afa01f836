"""Numbers: columns, trees, specs, scaling, the matrix, the plan of chunks."""
