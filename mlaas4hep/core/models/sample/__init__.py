"""What a model learns from: who trains and validates, what labels and parts allow, what tells too much."""
