"""Regions that somebody else extracted, found by the picture's id and never by position."""
