"""`onebit-rf explore`: the theory as a page on this machine."""

import argparse

from onebit_rf.errors import OnebitError

PORT = 8642
DESCRIPTION = """
A page in your browser where the theory is redrawn as its sliders move. It is served to this machine alone, at
127.0.0.1, asks nothing of any other, and writes nothing. Ctrl-C ends it.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `explore`."""
    option = parser.add_argument
    option("--port", type=_port, default=PORT, metavar="N", help="0 takes any that is free (default: %(default)s)")
    option("--no-browser", action="store_true", help="print the address only")
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    """Parse a port."""
    if not text.isdecimal() or not int(text) < 65536:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 65535, got {text!r}")
    return int(text)


def run(arguments: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    import webbrowser

    from onebit_rf.explore import make_server

    try:
        server = make_server(arguments.port)
    except OSError as error:
        reason = f"{error.strerror}; give another one, or 0 for any that is free"
        raise OnebitError(f"port: {arguments.port} cannot be taken: {reason}") from None
    with server:
        print(f"{server.address}  (Ctrl-C ends it)", flush=True)
        if not arguments.no_browser:
            webbrowser.open(server.address)
        server.serve_forever()
