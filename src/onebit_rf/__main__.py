"""`python -m onebit_rf` is the command `onebit-rf`."""

import sys

from onebit_rf.cli import main

if __name__ == "__main__":
    sys.exit(main())
