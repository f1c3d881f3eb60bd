"""numpy, loaded where it is first needed, with one thread for its matrices.

A machine that runs a model has no core to spare: a second thread that waits for one makes a product of
matrices two hundred times slower, and saves nothing where there is one.
"""

import importlib
import os
import sys

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def load_numpy() -> None:
    """Call it before a module is imported that imports numpy.

    What the person set in the environment stands, and what is set here is gone again afterwards: commands
    that Roost starts have threads of their own.
    """
    if "numpy" in sys.modules:
        return
    ours = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(ours, "1"))
    try:
        importlib.import_module("numpy")
    finally:
        for name in ours:
            os.environ.pop(name, None)
