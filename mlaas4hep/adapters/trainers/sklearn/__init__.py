"""scikit-learn estimators and pipelines, and classes of their kind."""
