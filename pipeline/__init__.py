"""Learn how the image and the text of a post relate, from cached features."""
