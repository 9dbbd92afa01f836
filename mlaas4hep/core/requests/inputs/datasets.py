"""Names of data sets in files.txt: `dataset:scope:name`, `rucio:scope:name`, `/A/B/NANOAODSIM`."""

import re

SCHEME = "dataset:"
_OTHERS = ("rucio:", "dbs:", "das:")
_NAME = re.compile(r"[A-Za-z0-9_/][\w./:+-]{0,499}")
_OF_CMS = re.compile(
    r"/(?!(?:store|eos)/)[\w-]+/[\w.-]+/[A-Z0-9-]*(?:AOD|AODSIM|RECO|RAW|USER|SIM|GEN)"
)


def dataset_url(name: str) -> str:
    """Return `dataset:NAME` if a name of files.txt is that of a data set, else ""."""
    for scheme in (SCHEME, *_OTHERS):
        if name.startswith(scheme):
            return SCHEME + name.removeprefix(scheme).removeprefix("//")
    return SCHEME + name if _OF_CMS.fullmatch(name) else ""


def is_dataset(url: str) -> bool:
    """Tell whether the name behind `dataset:` can be one; it goes into a command or a URL."""
    return bool(_NAME.fullmatch(url.removeprefix(SCHEME)))
