"""A real browser before the page: Debian's chromium, driven by playwright-core."""

import json
import os
import shutil
from io import BytesIO

import pytest

from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady, RunFailed
from mlaas4hep.errors import Problem
from mlaas4hep.http.workflow.front import front
from tests.asgi import serving
from tests.browser.figures import CHECKS, COUNTED, HINGED, QUALITY, losses
from tests.people import FOLDER, World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDE, NARROW = {"width": 1600, "height": 1000}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium():
    """Return the browser; without one, nothing here can run.

    It ends with its file: while Playwright runs, its event loop is this thread's, and no test of
    another file could run one of its own.
    """
    if CHROMIUM is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="the extra `dev` is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """One person's browser window, and all that it asked for."""

    def __init__(self, context):
        self.context, self.page = context, context.new_page()
        self.requests, self.errors = [], []
        self.page.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("dialog", lambda dialog: (self.errors.append("a dialog"), dialog.dismiss()))

    def _asked(self, request):
        self.requests.append(request)

    def _heard(self, message):
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    @property
    def hosts(self):
        return {
            request.url.split("/")[2]
            for request in self.requests
            if not request.url.startswith(("data:", "blob:"))
        }

    def shot(self, name):
        """Take a picture of the whole page for the documentation, where SCREENSHOTS names a folder."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            from PIL import Image  # noqa: PLC0415 - only where pictures are taken

            self.page.evaluate("document.getElementById('notices').replaceChildren()")
            picture = Image.open(BytesIO(self.page.screenshot(full_page=True))).convert("RGB")
            few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(f"{folder}/{name}.png", optimize=True)

    def sign_in(self, url, token):
        """Open the page with a token of one's own."""
        self.page.goto(url)
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Use this token").click()
        self.page.get_by_role("heading", name="Runs").wait_for()


@pytest.fixture
def visit(chromium):
    """Return new windows, each of a person of their own."""
    opened = []

    def open_one(viewport=None, **more):
        context = chromium.new_context(viewport=viewport or WIDE, **more)
        context.set_default_timeout(30_000)
        opened.append(context)
        return Visit(context)

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """Return workflow over memory, with a hostile title, 200 runs of alice, and one of bob."""
    world = World(tmp_path_factory.mktemp("crowded"), max_runs=1000)
    alice, bob = world.person("alice"), world.person("bob")
    alice.upload()
    bob.upload(name="bobs")
    for number in range(200):
        world.now += 1
        title = HOSTILE if number == 199 else f"number {number}"
        assert alice.submit(title=title).status_code == 200
    bob.submit(name="bobs", title="private")
    with serving(front(world.app)) as url:
        world.url = f"{url}/ui/"
        yield world


HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def trained(crowded):
    """Return gina: two runs are done, what was written at their ends by hand, and one failed."""
    gina = crowded.person("gina")
    for epochs in (3, 5, 7):
        crowded.now += 60
        gina.upload({**FOLDER, "params.json": json.dumps({"epochs": epochs})})
        gina.submit(title=f"{epochs} epochs")
    problem = Problem(code="x", message="no tree 'Events'", stage="specs")
    crowded.services.runs.apply([RunFailed(owner=gina.owner, run="luca_3", problem=problem)])
    for run, area, fall in (("luca_1", 0.81, 0.9), ("luca_2", 0.92, 0.8)):
        metrics = (("test_auc", area), ("test_auc_error", 0.01), ("test_MET_pt > 40_auc", 0.5))
        about = {"owner": gina.owner, "run": run}
        done = ModelReady(**about, model=run, version="v", metrics=metrics, learned="binary")
        crowded.services.runs.apply([done])
        quality = QUALITY if run == "luca_1" else {"test/MET_pt > 40": HINGED}
        write = {
            files.HISTORY: losses(fall),
            files.QUALITY: quality,
            files.CHECKS: CHECKS,
            files.HISTOGRAMS: COUNTED,
        }
        for name, content in write.items():
            key = files.key(gina.owner, run, name)
            crowded.services.runs_files.put(key, json.dumps(content).encode())
    return gina
