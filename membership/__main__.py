"""`python -m membership`."""

import sys

from membership.cli import main

if __name__ == "__main__":
    sys.exit(main())
