"""What people are shown of what they keep here; the client gets the same values."""

from dataclasses import dataclass

from mlaas4hep.core.runs.answers import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class TarballFile:
    """One file of a tarball."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """One upload."""

    name: str
    sha256: str
    filename: str
    size_bytes: int
    unpacked_bytes: int
    uploaded_at: str
    files: tuple[TarballFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectUpload:
    """A form for HTTP POST that takes a tarball past the functions."""

    upload_id: str  #: for `POST /tarballs/NAME/direct/UPLOAD_ID` afterwards
    url: str
    fields: dict[str, str]  #: to be sent before the field `file`
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model."""

    name: str
    owner: str
    mine: bool
    version: str
    description: str
    public: bool  #: everybody may use it
    groups: tuple[str, ...]  #: whose members may use it
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSpecs:
    """What was measured once and is kept."""

    id: str
    size_bytes: int
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """A part of a list of runs."""

    runs: tuple[Summary, ...]
    total: int  #: all that match
    offset: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Who somebody is, what they use, and what they may use."""

    owner: str
    name: str
    groups: tuple[str, ...]
    is_admin: bool
    bytes: dict[str, int]  #: by bucket
    max_bytes: int
    unfinished_runs: int
    max_runs: int
    max_models: int
    max_upload_bytes: int
    frameworks: tuple[str, ...] = ()  #: that model.py may use here


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What is gone: a name, or a number of objects."""

    deleted: str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The ancestor's answer to a submission."""

    process_name: str
    job_id: int
