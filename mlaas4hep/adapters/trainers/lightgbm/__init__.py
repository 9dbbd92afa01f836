"""LightGBM models: trained round by round on a binned sample."""
