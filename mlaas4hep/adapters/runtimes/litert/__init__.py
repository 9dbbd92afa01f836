"""LiteRT: `.tflite` models, in this process if their graph is provably bounded."""
