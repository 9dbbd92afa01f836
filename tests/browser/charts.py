"""The tables behind the charts."""


def numbers(panel):
    """Open the numbers of the panel's chart, and return their table when it is filled."""
    panel.get_by_text("Numbers").click()
    table = panel.get_by_role("table", name="Numbers of the chart")
    table.locator("tbody tr").first.wait_for()
    return table
