"""`python -m simulator COMMAND`: the pretend site and its plugs, or the pretend hub."""

import sys


def main(argv: list[str]) -> int:
    """Run one command; its exit code."""
    # Each side is loaded only when it is asked for: they need different libraries.
    if argv[:1] == ["hub"]:
        from simulator.hub.run import main as hub_main

        return hub_main(argv[1:])
    if argv[:1] == ["hub-ask"]:
        from simulator.hub.run import ask

        return ask(argv[1:])
    from simulator.wire.commands import main as site_main

    return site_main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
