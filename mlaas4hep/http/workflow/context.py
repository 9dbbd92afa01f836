"""What the handlers of the workflow function share, and the limits they decide with."""

from dataclasses import dataclass, field

from mlaas4hep.adapters.sources import formats
from mlaas4hep.adapters.trainers.loading import installed
from mlaas4hep.core.requests import frameworks
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.runs.views import SignIn
from mlaas4hep.http.workflow.runs.feeds import Feeds
from mlaas4hep.http.workflow.runs.turns import Turns
from mlaas4hep.ports import People, Services
from mlaas4hep.serving.modellists import ModelLists
from mlaas4hep.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What all requests share."""

    services: Services
    models: ModelLists
    limits: Limits
    verifier: People
    feeds: Feeds  #: for those who watch
    sign_in: SignIn  #: for terminals
    webhook_key: bytes = b""  #: from which people's secrets follow; empty: there are no webhooks
    turns: Turns = field(default_factory=Turns)  #: of those who submit


def sign_in_of(settings: Settings) -> SignIn:
    """Return how terminals sign in, as the settings say."""
    return SignIn(
        issuer=settings.issuer,
        client_id=settings.login_client,
        scopes=settings.login_scopes,
        resource=settings.login_resource,
    )


def limits_of(settings: Settings) -> Limits:
    """Return the part of the settings that steps decide with."""
    trained = _frameworks(settings)
    return Limits(
        max_upload_bytes=settings.max_upload_bytes,
        max_unpacked_bytes=settings.max_unpacked_bytes,
        max_models=settings.max_models,
        max_runs=settings.max_runs,
        max_bytes=settings.max_bytes,
        xrootd_proxy=settings.xrootd_proxy,
        remote_hosts=settings.remote_hosts,
        s3_buckets=settings.data_s3_buckets if settings.data_s3 else "",
        plain_http=bool(settings.plain_http),
        webhook_hosts=settings.webhook_hosts if settings.webhook_key_file else "",
        max_memory_bytes=settings.max_memory,
        max_cpus=settings.max_cpus,
        has_gpu=bool(settings.gpu),
        sandbox=settings.sandbox,
        frameworks=trained,
        formats=formats.installed(),
        builds_models=set(trained) <= set(installed()),
    )


def _frameworks(settings: Settings) -> tuple[str, ...]:
    """Return what the settings say, else what is installed here, else the usual one."""
    stated = tuple(name.strip() for name in settings.frameworks.split(",") if name.strip())
    unknown = sorted(set(stated) - set(frameworks.NAMES))
    if unknown:
        known = ", ".join(frameworks.NAMES)
        raise SettingsError(
            f"MLAAS_FRAMEWORKS={settings.frameworks!r}: {unknown[0]!r} is not one of {known}"
        )
    return stated or installed() or (frameworks.USUAL,)
