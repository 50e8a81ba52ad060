"""Images, opened safely from an archive or a folder."""
