"""Images and texts in the common space of a dual encoder."""
