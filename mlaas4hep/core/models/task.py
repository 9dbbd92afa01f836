"""What a model is for, as its labels say; a request may say it, too."""

from mlaas4hep.core.requests.task import Task

__all__ = ["OF_CLASSES", "Task"]
OF_CLASSES: tuple[Task, ...] = ("binary", "multiclass")  #: each label is a class
