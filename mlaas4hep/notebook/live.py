"""A run live: a picture that changes in place in Jupyter, bars at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from IPython.core.getipython import get_ipython
from IPython.display import HTML, display

from mlaas4hep.cli.terminal.screen import stage_bars
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.notebook.html import run_html


@contextmanager
def view() -> Iterator[Callable[[Report], None]]:
    """Give a function that shows a run as it is now."""
    if not _is_jupyter():
        with stage_bars() as draw:
            yield lambda report: draw(report.stages, report.metrics, report.waiting)
        return
    handle = display(HTML(""), display_id=True)

    def show(report: Report) -> None:
        handle.update(HTML(run_html(report)))

    yield show


def _is_jupyter() -> bool:
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
