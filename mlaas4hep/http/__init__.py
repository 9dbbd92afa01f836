"""HTTP for people and programs: requests to use cases, results to answers."""
