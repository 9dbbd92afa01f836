"""Whether the plain footer of a Parquet file says that columns are encrypted.

pyarrow does not tell: it ends the process that asks about such a column. The eighth field of the
footer's record is how columns are encrypted.
"""

from mlaas4hep.adapters.sources.columnar.thrift import Cursor

_ALGORITHM = 8  #: field of Parquet's FileMetaData
_LONGEST = 1024**2  #: bytes of a footer that is looked through: a second


def has_encrypted_columns(footer: bytes) -> bool:
    """Tell whether a footer says so; a very long one, or one that makes no sense, does not."""
    if len(footer) > _LONGEST:
        return False
    cursor, last = Cursor(footer), 0
    try:
        while found := cursor.field(last):
            last, kind = found
            if last == _ALGORITHM:
                return True
            cursor.pass_over(kind)
    except (EOFError, ValueError):
        return False
    return False
