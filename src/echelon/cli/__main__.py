"""``python -m echelon.cli``."""

import sys

from echelon.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
