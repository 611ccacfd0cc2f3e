"""Everything said to Salesforce over the wire: login, describe, read, write, errors, the budget of API calls."""
