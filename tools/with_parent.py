"""Runs a module that ends when its parent does, however the parent ended: with_parent.py MODULE ARGUMENTS…"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        sys.exit(1)
    sys.path[0] = os.getcwd()  # noqa: PTH109 as `python -m` does
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
