"""The web chat's way in: sockets, files, the widget itself."""
