"""What a model is for, as a request may say."""

from typing import Literal

Task = Literal["binary", "multiclass", "regression", "other"]
