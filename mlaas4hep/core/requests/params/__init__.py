"""From the text of params.json to checked values, a file for each group of its keys."""
