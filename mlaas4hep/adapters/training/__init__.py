"""The inside of the training process: the only code that imports TensorFlow and runs model.py."""
