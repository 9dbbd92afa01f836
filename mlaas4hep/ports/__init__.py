"""What the steps need from the world, in the words of the domain; the docstrings are the contract.

Every port has an adapter for the real thing and one in memory, and both obey the same tests
(`tests/contracts`).
"""

from mlaas4hep.ports.audit import Audit, NoAudit
from mlaas4hep.ports.data import DataSource, TableWriter
from mlaas4hep.ports.identity import Deliveries, People
from mlaas4hep.ports.objects import (
    DirectDownloads,
    DirectUploads,
    NoDirectDownloads,
    NoDirectUploads,
    ObjectInfo,
    ObjectStore,
    UploadForm,
)
from mlaas4hep.ports.runs import Bus, Leases, RunBook
from mlaas4hep.ports.runtime import LoadModel, Runtime, TensorInfo
from mlaas4hep.ports.services import Recent, Services, Stopping
from mlaas4hep.ports.training import Trainer, Training

__all__ = [
    "Audit",
    "Bus",
    "DataSource",
    "Deliveries",
    "DirectDownloads",
    "DirectUploads",
    "Leases",
    "LoadModel",
    "NoAudit",
    "NoDirectDownloads",
    "NoDirectUploads",
    "ObjectInfo",
    "ObjectStore",
    "People",
    "Recent",
    "RunBook",
    "Runtime",
    "Services",
    "Stopping",
    "TableWriter",
    "TensorInfo",
    "Trainer",
    "Training",
    "UploadForm",
]
