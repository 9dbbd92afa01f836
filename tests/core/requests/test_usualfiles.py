"""What is said of a file that a run needs and that is not there."""

import pytest

from mlaas4hep.core.requests.usualfiles import absent_hint

USUAL = ["files.txt", "params.json", "model.py"]


@pytest.mark.parametrize(
    ("path", "there", "hint"),
    [
        ("labels.txt", [*USUAL, "lables.txt"], "did you mean 'lables.txt'?"),
        ("labels.txt", USUAL, "it says a label for each line of files.txt, or the name of a"),
        ("files.txt", [], "it says the data files, one a line; `mlaas4hep init DATA_FILES` wr"),
        ("model.py", ["files.txt", "mein_model.py"], "did you mean 'mein_model.py'?"),
        ("sub/labels.txt", ["labels.txt", "x.root"], "it says a label for each line"),
        ("mine.json", [*USUAL, "min.json"], "did you mean 'min.json'"),
        ("mine.json", ["a.root"], "known: a.root"),
    ],
)
def test_it_is_told_what_may_be_meant_or_what_the_file_says(path, there, hint):
    assert absent_hint(path, there).startswith(hint)
