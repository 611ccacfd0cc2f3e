-- Custom objects that were enabled (section 12). Their tables are made when they are first looked at, and stay.

CREATE TABLE sync.custom_object (
    name VARCHAR NOT NULL,
    enabled BOOLEAN NOT NULL,
    constraints JSON,                  -- fields that activities carry; null: all (12.6)
    label VARCHAR,                     -- the rest is null until the first look
    lookups JSON,                      -- fields that name the person or the account
    of_company BOOLEAN,
    added_type INTEGER,                -- ids in marketing.activity_type
    updated_type INTEGER
);
