"""What the database knows about the sync, as plain facts: for the command line and whoever else asks."""
