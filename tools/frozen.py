"""Entry of the packaged programs."""

import sys

from ccdesk.__main__ import main

sys.exit(main())
