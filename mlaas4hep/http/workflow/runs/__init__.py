"""Runs over HTTP: submitted, watched, compared, stopped; scans, which are many of them."""
