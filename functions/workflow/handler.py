"""workflow: the door for people."""

from mlaas4hep.api.workflow import make_app
from mlaas4hep.faas import wsgi

function = wsgi("workflow", make_app)
