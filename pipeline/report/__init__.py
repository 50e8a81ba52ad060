"""The HTML report, and figures for papers."""
