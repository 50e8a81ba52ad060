"""The page that people look at, and figures for papers."""
