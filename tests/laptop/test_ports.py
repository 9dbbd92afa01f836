import socket
from contextlib import ExitStack

from mlaas4hep.laptop.ports import HOST, free_ports


def test_a_server_can_listen_at_each():
    ports = free_ports(20)

    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server((HOST, port))) for port in ports]

    assert len(servers) == len(set(ports)) == 20


def test_no_connection_is_given_one_of_them():
    ports = set(free_ports(20))

    with socket.create_server((HOST, 0)) as server, ExitStack() as stack:
        made = [
            stack.enter_context(socket.create_connection(server.getsockname())) for _ in range(50)
        ]
        given = {each.getsockname()[1] for each in made}

    assert max(ports) < min(given)
