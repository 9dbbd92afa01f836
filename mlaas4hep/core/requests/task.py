"""What a model is for, as a request may say and as its labels say."""

from typing import Literal

Task = Literal["binary", "multiclass", "regression", "other"]
OF_CLASSES: tuple[Task, ...] = ("binary", "multiclass")  #: each label is a class
