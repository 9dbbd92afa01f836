"""What a trained model gives for entries, in its own framework: for trainers and runtimes alike."""
