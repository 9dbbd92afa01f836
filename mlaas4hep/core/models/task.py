"""What a model is for, as its labels say."""

from typing import Literal

Task = Literal["binary", "multiclass", "regression", "other"]
