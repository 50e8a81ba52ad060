"""What the report's start costs."""

import subprocess
import sys


def test_reads_what_other_stages_made_without_pytorch() -> None:
    """PyTorch takes longer to import than the page takes to build."""
    code = "import sys, stages.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
