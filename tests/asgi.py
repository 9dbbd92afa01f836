"""A real server around an ASGI app, in a thread of this process."""

import socket
import threading
from contextlib import contextmanager

import uvicorn


@contextmanager
def serving(app):
    """Yield the address of a server that ends, with its streams, when the context does."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, server_header=False))
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        getattr(app, "stop", lambda: None)()
        thread.join(30)
        listening.close()
