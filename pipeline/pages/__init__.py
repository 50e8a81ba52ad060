"""HTML pages: templates, and thumbnails that travel inside them."""
