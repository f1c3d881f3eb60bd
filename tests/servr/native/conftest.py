"""Lets these tests import torch and what else the extra `native` has, out of the folder of `.ci/servers`.

Without `export ROOST_TEST_SERVERS="$(.ci/servers)"` they are not collected.
"""

import os
import site
import sys
from pathlib import Path

SERVERS = os.environ.get("ROOST_TEST_SERVERS", "")
PACKAGES = f"native/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

collect_ignore_glob = [] if SERVERS else ["test_*.py"]
if SERVERS:
    installed = Path(SERVERS, PACKAGES)
    if not installed.is_dir():
        raise FileNotFoundError(f"{installed} is not there: .ci/servers makes it")
    site.addsitedir(str(installed))  # behind what is installed here
