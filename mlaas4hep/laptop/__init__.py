"""The platform of `mlaas4hep up`: gateway, supervisor, broker, development identity."""
