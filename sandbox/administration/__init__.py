"""What an administrator does to an org: objects and fields, who sees what."""
