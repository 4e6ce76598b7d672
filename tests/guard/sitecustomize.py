"""Found by every Python process that tests start, through PYTHONPATH: see loopback_only."""

import os

import loopback_only

if loopback_only.VARIABLE in os.environ:
    loopback_only.install()
