"""What can be asked of a deployment, a module for each noun; `nouns` has all of them."""
