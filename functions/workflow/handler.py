"""workflow: the door for people."""

from mlaas4hep.faas.on_event import wsgi
from mlaas4hep.http.workflow.app import make_app
from mlaas4hep.http.workflow.front import front

function = wsgi("workflow", make_app, front)
