"""More ways to make one request look like two, tried where trying costs nothing: at the laptop's gateway."""

from tests.smuggling import CHUNKED, NEXT, PAUSE, head

_BODY = ("Content-Length: 5",)
_END = "0\r\n\r\n"


def _coded(line: str) -> str:
    """Return a call with an odd line about its encoding, a length, and something behind it."""
    return head("POST", line, *_BODY) + "hello" + NEXT


def _long(line: str) -> str:
    """Return a call with an odd line about its length, and something behind it."""
    return head("POST", line) + "hello" + NEXT


def _chunks(text: str) -> str:
    """Return a call whose chunks are odd, and something behind it."""
    return head("POST", CHUNKED) + text + NEXT


ODD: dict[str, str] = {
    "an encoding behind a blank": _coded(" Transfer-Encoding: chunked"),
    "an encoding before a tab": _coded("Transfer-Encoding\t: chunked"),
    "an encoding in quotes": _coded('Transfer-Encoding: "chunked"'),
    "an encoding behind a comma": _coded("Transfer-Encoding: , chunked"),
    "an encoding behind a form feed": _coded("Transfer-Encoding: \x0cchunked"),
    "an encoding before a null byte": _coded("Transfer-Encoding: chunked\0"),
    "an encoding before a wide blank": _coded("Transfer-Encoding: chunked\xa0"),
    "no encoding": _coded("Transfer-Encoding:"),
    "another encoding first": head("POST", "Transfer-Encoding: gzip, chunked") + _END + NEXT,
    "chunks in chunks": head("POST", "Transfer-Encoding: chunked, chunked") + _END + NEXT,
    "a length with a point": _long("Content-Length: 5.0"),
    "a length with an exponent": _long("Content-Length: 5e0"),
    "a length as Python writes it": _long("Content-Length: 1_0"),
    "a length in Arabic": _long("Content-Length: \xd9\xa5"),
    "a length before a wide blank": _long("Content-Length: 5\xa0"),
    "a length that overflows": _long("Content-Length: 18446744073709551621"),
    "a chunk with a sign": _chunks("+5\r\nhello\r\n" + _END),
    "a chunk as Python writes it": _chunks("1_0\r\n" + "x" * 16 + "\r\n" + _END),
    "a chunk behind a blank": _chunks(" 5\r\nhello\r\n" + _END),
    "an extension with a bare carriage return": _chunks("5;x\rhello\r\n" + _END),
    "a chunk's end with a bare line feed": _chunks("5\r\nhello\n" + _END),
    "a chunk's end with a bare carriage return": _chunks("5\r\nhello\rX" + _END),
    "a chunk's end that is none": _chunks("5\r\nhelloXX" + _END),
    "a chunk without a size": _chunks("\r\nhello\r\n" + _END),
    "an extension with a line feed in quotes": _chunks('5;a="\n"\r\nhello\r\n' + _END),
    "a trailer that is no header": _chunks("0\r\nno colon\r\n\r\n"),
    "a trailer that ends with a bare line feed": _chunks("0\n\n"),
    "lines that end with a line feed": "GET {path} HTTP/1.1\nHost: {host}\n\n" + NEXT,
    "a request of HTTP/0.9": "GET {path}\r\n" + NEXT,
    "a request of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + NEXT,
    "a blank in the path": "GET {path} /x HTTP/1.1\r\nHost: {host}\r\n\r\n" + NEXT,
    "tabs between the parts": "GET\t{path}\tHTTP/1.1\r\nHost: {host}\r\n\r\n" + NEXT,
    "a null byte in the path": "GET {path}\0 HTTP/1.1\r\nHost: {host}\r\n\r\n" + NEXT,
    "no host": "GET {path} HTTP/1.1\r\n\r\n" + NEXT,
    "a header without a colon": head("GET", "nocolon") + NEXT,
    "a header without a name": head("GET", ": x") + NEXT,
    "chunks expected, another request sent": head("POST", "Expect: 100-continue", CHUNKED)
    + PAUSE
    + NEXT,
    "an upgrade that no connection names": head("GET", "Upgrade: x", "Content-Length: 60") + NEXT,
}
