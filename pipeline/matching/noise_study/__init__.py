"""The noise study: losses compared on the same wrong pairs."""
