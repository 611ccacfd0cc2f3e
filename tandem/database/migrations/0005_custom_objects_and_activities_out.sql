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

-- Activities that go out as tasks (section 14).

CREATE TABLE sync.pushed_type (activity_type_id INTEGER NOT NULL, enabled_at TIMESTAMP NOT NULL);

CREATE TABLE sync.pushed_activity (    -- kept for good: one a day for each person and type
    activity_id BIGINT NOT NULL, person_id BIGINT NOT NULL, activity_type_id INTEGER NOT NULL,
    day DATE NOT NULL,                 -- of the activity, UTC
    outbox_id BIGINT NOT NULL
);

-- They are journalled under an operation of their own. DuckDB cannot drop a CHECK, so the table is made anew.
CREATE TABLE sync.outbox_anew AS SELECT * FROM sync.outbox;
DROP TABLE sync.outbox;
ALTER TABLE sync.outbox_anew RENAME TO outbox;

INSERT INTO marketing.activity_type VALUES
    (2, 'Fill Out Form', 'Webform'),
    (6, 'Send Email', 'Mailing'),
    (7, 'Email Delivered', 'Mailing'),
    (10, 'Open Email', 'Mailing'),
    (11, 'Click Email', 'Mailing'),
    (24, 'Add to List', 'List'),
    (25, 'Remove from List', 'List'),
    (39, 'Send Sales Email', 'Mailing'),
    (40, 'Open Sales Email', 'Mailing'),
    (41, 'Click Sales Email', 'Mailing'),
    (45, 'Receive Sales Email', 'Mailing'),
    (100040, 'Remove from Flow', 'Campaign');  -- it has no public id
