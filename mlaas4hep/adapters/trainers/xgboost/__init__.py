"""XGBoost models: trained round by round on a quantised sample."""
