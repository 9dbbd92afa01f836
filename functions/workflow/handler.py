"""workflow: the door for people."""

from mlaas4hep.faas.on_event import wsgi
from mlaas4hep.http.workflow.app import list_ahead, make_app
from mlaas4hep.http.workflow.front import front

function = wsgi("workflow", make_app, front, warm=list_ahead)
