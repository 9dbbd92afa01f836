"""What the error of a library says, in one line."""


def first_line(error: BaseException) -> str:
    """Return the first line of its text, or its kind: some libraries add whole listings."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
