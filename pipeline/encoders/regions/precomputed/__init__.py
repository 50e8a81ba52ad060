"""Regions that somebody else extracted, found by the image's id and never by position."""
