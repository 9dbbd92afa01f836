"""The laptop platform: OpenFaaS's REST API, a supervisor and a development identity."""
