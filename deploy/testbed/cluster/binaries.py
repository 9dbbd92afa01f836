"""Kubernetes, CoreDNS and KEDA, built once from their modules and kept in the cache."""

import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy import command
from deploy.testbed.place import Place

log = logging.getLogger(__name__)

#: 1.34 is the last that runs on cgroup v1.
KUBERNETES = "1.34.4"
#: Kubernetes' own module asks for these at v0.0.0, its copies beside it.
STAGED = (
    "api", "apiextensions-apiserver", "apimachinery", "apiserver", "cli-runtime", "client-go",
    "cloud-provider", "cluster-bootstrap", "code-generator", "component-base",
    "component-helpers", "controller-manager", "cri-api", "cri-client", "csi-translation-lib",
    "dynamic-resource-allocation", "endpointslice", "externaljwt", "kms", "kube-aggregator",
    "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet", "metrics",
    "mount-utils", "pod-security-admission", "sample-apiserver", "sample-cli-plugin",
    "sample-controller",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """Commands of one Go module at one version; `replaced` are modules at `replaced_by`.

    A module that itself replaces what it needs is built in a copy of its own sources, as a
    module that only asks for it would not see those: its packages begin with a dot.
    """

    path: str
    version: str
    commands: dict[str, str]  #: package, by the name of the program
    replaced: tuple[str, ...] = ()
    replaced_by: str = ""
    flags: str = "-s -w"

    @property
    def go_mod(self) -> str:
        """Return a module of our own that asks for nothing but this one."""
        lines = ["module testbed", "go 1.25", f"require {self.path} {self.version}"]
        lines += [f"replace {name} => {name} {self.replaced_by}" for name in self.replaced]
        return "\n".join(lines) + "\n"


MODULES = (
    Module(
        path="k8s.io/kubernetes",
        version=f"v{KUBERNETES}",
        commands={
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in (
                "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy",
                "kubelet", "kubectl",
            )
        },
        replaced=tuple(f"k8s.io/{name}" for name in STAGED),
        replaced_by=f"v0{KUBERNETES.removeprefix('1')}",
        flags=f"-s -w -X k8s.io/component-base/version.gitVersion=v{KUBERNETES}",
    ),
    Module(
        path="github.com/coredns/coredns",
        version="v1.12.2",
        commands={"coredns": "github.com/coredns/coredns"},
    ),
    Module(
        path="github.com/kedacore/keda/v2",
        version="v2.17.2",
        commands={
            "keda-operator": "./cmd/operator",
            "keda-adapter": "./cmd/adapter",
        },
    ),
)  # fmt: skip


def build(place: Place) -> None:
    """Build what is not in the cache yet; cold, that takes a quarter of an hour."""
    for module in MODULES:
        mark = _mark(place, module)
        if not mark.exists():
            log.info("building %s %s", module.path, module.version)
            _build(place, module)
            mark.touch()


def manifests(place: Place, path: str, folder: str) -> Path:
    """Return a folder of a module's own sources, such as its custom resources."""
    module = next(module for module in MODULES if module.path == path)
    return _sources(place, module) / folder


def _mark(place: Place, module: Module) -> Path:
    return place.cached("bin") / f"{next(iter(module.commands))}-{module.version}"


def _build(place: Place, module: Module) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "go.mod").write_text(module.go_mod, encoding="utf-8")
        for name, package in module.commands.items():
            folder = _copy(place, module, scratch) if package.startswith(".") else scratch
            _go(
                place, folder, "build", "-mod=mod", "-buildvcs=false", "-trimpath",
                f"-ldflags={module.flags}", "-o", place.program(name), package,
            )  # fmt: skip


def _sources(place: Place, module: Module) -> Path:
    """Return where the module's configuration is kept beside its programs."""
    kept = place.cached("sources") / f"{module.path.replace('/', '_')}-{module.version}"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copytree(Path(_copy(place, module, scratch), "config"), kept / "config")
    return kept


def _copy(place: Place, module: Module, scratch: str) -> str:
    """Return a copy of a module's sources that may be written to, as `go build` wants it."""
    copy = Path(scratch, "sources")
    if not copy.exists():
        Path(scratch, "go.mod").write_text(module.go_mod, encoding="utf-8")
        _go(place, scratch, "mod", "download", f"{module.path}@{module.version}")
        said = _go(place, scratch, "list", "-mod=mod", "-m", "-f", "{{.Dir}}", module.path)
        shutil.copytree(said.strip(), copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
    return str(copy)


def _go(place: Place, folder: str, *arguments: str) -> str:
    go = shutil.which("go")
    if go is None:
        raise FileNotFoundError("the testbed builds Go programs: install Go 1.25 or newer")
    env = place.environment(CGO_ENABLED="0", GOFLAGS="")
    return command.output([go, *arguments], cwd=folder, env=env)
