"""Tandem keeps a Salesforce org and a marketing database in step, two ways."""

__version__ = "0.1.0"
