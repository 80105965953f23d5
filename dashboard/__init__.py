"""What people open in a browser: files to download."""
