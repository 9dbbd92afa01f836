"""How much was read a second time: what is made of input data, and is written again."""

from collections import defaultdict
from dataclasses import dataclass, field

from chaos.site import Site
from mlaas4hep.errors import ServiceUnavailableError


@dataclass(slots=True)
class Rereading:
    """The objects of all steps that read input files, with each of their contents and times."""

    _written: dict[str, dict[float, int]] = field(default_factory=lambda: defaultdict(dict))

    def look(self, site: Site) -> None:
        """Note what lies there now; what was written twice since the last look counts once."""
        services = site.services()
        try:
            for name, store in (("chunks", services.chunks), ("specs", services.specs)):
                for info in store.list(""):
                    self._written[f"{name}/{info.key}"][info.modified_at] = info.size_bytes
        except ServiceUnavailableError:
            return

    @property
    def made_bytes(self) -> int:
        """Return what had to be made."""
        return sum(max(sizes.values()) for sizes in self._written.values())

    @property
    def again_bytes(self) -> int:
        """Return what was made more than once, without the first time."""
        return sum(sum(sizes.values()) - max(sizes.values()) for sizes in self._written.values())
