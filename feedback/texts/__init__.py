"""What people wrote in words of their own: reading it, tags by hand, themes by machine."""
