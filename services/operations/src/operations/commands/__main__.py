"""`python -m operations.commands`, where the command `operations` is not on the PATH."""

from __future__ import annotations

import sys

from operations.commands.line import main

sys.exit(main())
