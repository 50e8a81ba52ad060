"""Reading and checking the user's corpus."""
