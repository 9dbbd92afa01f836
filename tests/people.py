"""The people's door over memory, people with real tokens, and tarballs made on the spot."""

import gzip
import io
import tarfile
from dataclasses import replace

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.tokens import Verifier
from mlaas4hep.core import keys
from mlaas4hep.http.workflow.app import make_app
from mlaas4hep.laptop import issuer
from mlaas4hep.settings import Settings

MODEL = "def model(idim):\n    return None\n"
FOLDER = {
    "files.txt": "root://server.example//store/a.root\nroot://server.example//store/b.root\n",
    "labels.txt": "1\n0\n",
    "model.py": MODEL,
    "params.json": '{"branch": "events", "epochs": 3, "identifier": ["runNo"]}',
    "preproc.json": "{}",
}
SUBMISSION = {
    "name": "luca",
    "device": "cpu",
    "memory": "3gb",
    "cpus": "2",
    "files": "files.txt",
    "labels": "labels.txt",
    "model": "model.py",
    "params": "params.json",
}


def pack(files, *, mode="w:gz", top="luca/"):
    """Return a tarball with these texts, or bytes, or ready TarInfos; the same bytes at any time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode.replace(":gz", "")) as tar:
        for path, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(f"{top}{path}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    plain = buffer.getvalue()
    return gzip.compress(plain, mtime=0) if mode.endswith(":gz") else plain


def behind_gateway(app, function="workflow"):
    """Return the app at the path at which a gateway has it."""
    return DispatcherMiddleware(NotFound(), {f"/function/{function}": app})


class Caller:
    """One person with a token, and the calls they make."""

    def __init__(self, http, header, owner):
        self.http, self.header, self.owner = http, header, owner

    def call(self, method, path, **given):
        headers = {"Authorization": self.header, **given.pop("headers", {})}
        return self.http.open(path, method=method, headers=headers, **given)

    def get(self, path, **given):
        return self.call("GET", path, **given)

    def post(self, path, **given):
        return self.call("POST", path, **given)

    def put(self, path, **given):
        return self.call("PUT", path, **given)

    def upload(self, files=None, name="luca", **packing):
        return self.send(pack(FOLDER if files is None else files, **packing), name)

    def send(self, archive, name="luca", field="file", filename="luca.tar.gz"):
        form = {field: (io.BytesIO(archive), filename)}
        return self.post(f"/upload?name={name}", data=form)

    def submit(self, **changes):
        return self.post("/submit", json={**SUBMISSION, **changes})


class World:
    """The app, its services, and people."""

    def __init__(self, state, **changes):
        self.settings = settings = Settings(
            issuer=issuer.ISSUER,
            audience=issuer.AUDIENCE,
            jwks_url="https://issuer.example/keys",
            **changes,
        )
        self.now = 1000.0
        self.state = state
        self.services = replace(bootstrap.services(settings), clock=lambda: self.now)
        self.verifier = Verifier(settings, lambda _url: issuer.jwks(state))
        self.app = make_app(self.services, settings, self.verifier)

    def token(self, name="alice", groups=()):
        return issuer.token(self.state, name, groups=groups)

    def person(self, name="alice", groups=()):
        header = f"Bearer {self.token(name, groups)}"
        owner = keys.owner(issuer.ISSUER, name)
        return Caller(self.app.test_client(), header, owner)
