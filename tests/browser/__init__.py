"""Pages looked at in a headless Chromium."""
