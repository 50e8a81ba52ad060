"""Small helpers that know nothing about posts."""
