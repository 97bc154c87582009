"""`python -m serving`"""

from __future__ import annotations

import sys

from serving.run import main

sys.exit(main())
