"""Names of what lies in the folder of a run."""

import pytest

from mlaas4hep.core.runs import files


@pytest.mark.parametrize(
    ("key", "checksum"),
    [
        (f"o/r_1/{files.scores('ab12', 'parquet')}", "ab12"),
        ("o/r_1/scores.parquet", ""),  # of an earlier release
        ("o/scores-1/scores.parquet", ""),  # the same, of a run that is called so
    ],
)
def test_the_name_of_a_table_of_scores_has_its_checksum(key, checksum):
    assert files.checksum_of_scores(key) == checksum
