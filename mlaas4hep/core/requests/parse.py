"""What people write, parsed once at the door: params.json, files.txt, labels.txt, a submission."""

from mlaas4hep.core.requests.inputs.files import parse_files
from mlaas4hep.core.requests.inputs.labellist import labels_of_files, parse_labels
from mlaas4hep.core.requests.params.params import parse_params
from mlaas4hep.core.requests.submission import Submission, parse_submission

__all__ = [
    "Submission",
    "labels_of_files",
    "parse_files",
    "parse_labels",
    "parse_params",
    "parse_submission",
]
