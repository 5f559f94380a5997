"""The portal's own settings, addresses and entry point: a process apart, which holds little."""
