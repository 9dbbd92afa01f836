"""What whoever comes without a good token is told to do."""

GET_ONE = "send `Authorization: Bearer TOKEN` with a token of this deployment's issuer"
