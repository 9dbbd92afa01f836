"""The standard dialects: TensorFlow Serving (V1) and the Open Inference Protocol (V2)."""
