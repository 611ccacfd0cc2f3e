"""The SOAP partner API, for what REST lacks: convertLead, merge, undelete, the old login (facts 5.7, 5.11)."""
