"""URLs as they may be shown: what lets their owner in is left out."""

import re

_SECRET = re.compile(
    r"(?P<name>[?&;](?:xrd\.)?(?:authz|access_token|token|key|sig|password|signature"
    r"|x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)"
    r"|awsaccesskeyid|policy|jwt|auth)=)[^&;#\s]*",
    re.IGNORECASE,
)
#: begins where no letter of a long name can: looking takes no more than its length
_USER = re.compile(r"://[^/?#@\s]*@")


def without_secrets(text: str) -> str:
    """Return a text with `…` in place of tokens and signatures in the URLs that it holds."""
    return _SECRET.sub(r"\g<name>…", _USER.sub("://…@", text))
