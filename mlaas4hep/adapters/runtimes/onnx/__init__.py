"""ONNX Runtime: `.onnx` models, always in a confined process."""
