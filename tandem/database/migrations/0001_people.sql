-- Times are UTC without a zone. Ids are handed out inside the merge's transaction: no sequence, no primary
-- key and no index is needed for correctness, so that the same statements run on DuckLake (decision 0002).

CREATE SCHEMA marketing;   -- the user's: anyone may edit it with plain SQL
CREATE SCHEMA salesforce;  -- the mirror: what Salesforce last told us, one table per synced object
CREATE SCHEMA sync;        -- the engine's own

CREATE TABLE marketing.person (
    id BIGINT NOT NULL,
    sfdc_id VARCHAR,                -- 18 characters; null: not in Salesforce (STA-03)
    sfdc_type VARCHAR CHECK (sfdc_type IN ('lead', 'contact')),
    sfdc_is_deleted BOOLEAN,
    sfdc_created_date TIMESTAMP,
    company_id BIGINT,              -- contacts only
    original_source_type VARCHAR,
    company_name VARCHAR,           -- a lead's own; a contact shows its company's
    industry VARCHAR,
    annual_revenue DOUBLE,
    num_employees BIGINT,
    website VARCHAR,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    sales_owner_first_name VARCHAR,
    sales_owner_last_name VARCHAR,
    sales_owner_title VARCHAR,
    sales_owner_phone_number VARCHAR,
    sales_owner_email_address VARCHAR,
    account_owner_first_name VARCHAR,
    account_owner_last_name VARCHAR,
    account_owner_email_address VARCHAR
);

CREATE TABLE marketing.company (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    company_name VARCHAR, industry VARCHAR, annual_revenue DOUBLE, num_employees BIGINT, website VARCHAR
);

CREATE TABLE marketing.sales_user (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    first_name VARCHAR, last_name VARCHAR, title VARCHAR, phone_number VARCHAR, email_address VARCHAR
);

CREATE TABLE marketing.lead_queue (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);

CREATE TABLE marketing.activity (
    id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    activity_date TIMESTAMP NOT NULL,
    activity_type_id INTEGER NOT NULL,
    primary_attribute_value VARCHAR,   -- the field, the campaign, … that the activity is about
    attributes JSON,                   -- name to value; an attribute without a value is left out (22.2)
    run_id VARCHAR NOT NULL
);

CREATE TABLE marketing.activity_type (id INTEGER NOT NULL, name VARCHAR NOT NULL, primary_attribute VARCHAR);

CREATE TABLE sync.run (
    id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,             -- sync, backfill, sync-person
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    status VARCHAR NOT NULL,           -- In Process, Succeeded, Failed, Stopped at budget, Cleaned up
    detail VARCHAR
);

CREATE TABLE sync.step (               -- one row per (object, operation) of a run (section 23)
    id BIGINT NOT NULL,
    run_id VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    object VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,        -- Sync schema, Pull updates, Pull deletes, Push updates, …
    status VARCHAR NOT NULL,           -- Succeeded, Failed, Incomplete, In Process, Cleaned up, Stopped at budget
    new BIGINT NOT NULL DEFAULT 0,
    updated BIGINT NOT NULL DEFAULT 0,
    deleted BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    detail VARCHAR
);

CREATE TABLE sync.watermark (
    object VARCHAR NOT NULL,
    stamp TIMESTAMP NOT NULL,          -- Salesforce's clock when the last applied read began
    run_id VARCHAR NOT NULL,
    moved_at TIMESTAMP NOT NULL
);

CREATE TABLE sync.error (              -- section 24
    id BIGINT NOT NULL,
    run_id VARCHAR NOT NULL,
    logged_at TIMESTAMP NOT NULL,
    level VARCHAR NOT NULL CHECK (level IN ('record', 'job')),
    object VARCHAR,
    operation VARCHAR NOT NULL,
    person_id BIGINT,
    sfdc_id VARCHAR,
    code VARCHAR NOT NULL,
    class VARCHAR NOT NULL,            -- authentication, access, intermittent, other
    message VARCHAR NOT NULL,          -- Salesforce's own words where it said any
    fields JSON,
    payload JSON,                      -- what was sent, for record errors of a push
    sfdc_stamp TIMESTAMP,              -- the record's stamp when it was refused
    resolved_at TIMESTAMP              -- null: still standing, and not sent again until something changes
);

CREATE TABLE sync.conflict (           -- both sides changed one field; the losing value is kept
    run_id VARCHAR NOT NULL,
    logged_at TIMESTAMP NOT NULL,
    object VARCHAR NOT NULL,
    person_id BIGINT NOT NULL,
    sfdc_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL,
    base_value VARCHAR,
    winner VARCHAR NOT NULL CHECK (winner IN ('marketing', 'salesforce')),
    winning_value VARCHAR,
    losing_value VARCHAR
);

CREATE TABLE sync.quarantine (         -- staged rows that failed an expectation
    object VARCHAR NOT NULL,
    sfdc_id VARCHAR NOT NULL,
    expectation VARCHAR NOT NULL,
    column_name VARCHAR,
    value VARCHAR,
    sfdc_stamp TIMESTAMP,
    run_id VARCHAR NOT NULL,
    logged_at TIMESTAMP NOT NULL,
    released_at TIMESTAMP              -- set when the row came right
);

CREATE TABLE sync.outbox (             -- written before anything is sent, settled by its answer
    id BIGINT NOT NULL,
    run_id VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    operation VARCHAR NOT NULL CHECK (operation IN ('create', 'update')),
    person_id BIGINT NOT NULL,
    sfdc_id VARCHAR,
    payload JSON NOT NULL,             -- Salesforce field to value, only what changed
    state VARCHAR NOT NULL CHECK (state IN ('journalled', 'done', 'refused', 'superseded')),
    created_at TIMESTAMP NOT NULL,
    settled_at TIMESTAMP
);

CREATE TABLE sync.field_map (
    object VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    column_name VARCHAR,
    type VARCHAR NOT NULL,
    sql_type VARCHAR NOT NULL,
    scale INTEGER NOT NULL,
    length INTEGER NOT NULL,
    label VARCHAR NOT NULL,
    system BOOLEAN NOT NULL,
    updateable BOOLEAN NOT NULL,
    createable BOOLEAN NOT NULL,
    required BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL
);

CREATE TABLE sync.describe (object VARCHAR NOT NULL, last_modified VARCHAR, answer JSON NOT NULL);

CREATE TABLE sync.schema_change (
    run_id VARCHAR NOT NULL, logged_at TIMESTAMP NOT NULL, object VARCHAR NOT NULL, field VARCHAR NOT NULL,
    change VARCHAR NOT NULL CHECK (change IN ('added', 'gone', 'returned'))
);

CREATE TABLE sync.bulk_job (           -- query jobs, so that a killed read goes on
    object VARCHAR NOT NULL,
    job_id VARCHAR NOT NULL,
    soql VARCHAR NOT NULL,
    stamp TIMESTAMP NOT NULL,          -- Salesforce's clock when the job was made: the watermark to come
    created_at TIMESTAMP NOT NULL,
    state VARCHAR NOT NULL CHECK (state IN ('started', 'done', 'abandoned'))
);

CREATE TABLE sync.bulk_page (job_id VARCHAR NOT NULL, locator VARCHAR NOT NULL, path VARCHAR NOT NULL, rows BIGINT NOT NULL);

CREATE TABLE sync.api_call (
    run_id VARCHAR, logged_at TIMESTAMP NOT NULL, operation VARCHAR NOT NULL, object VARCHAR, status INTEGER,
    seconds DOUBLE NOT NULL, calls INTEGER NOT NULL, rows BIGINT, used BIGINT, daily_limit BIGINT
);

CREATE TABLE sync.lease (
    name VARCHAR NOT NULL, holder VARCHAR NOT NULL, kind VARCHAR NOT NULL, host VARCHAR NOT NULL,
    pid INTEGER NOT NULL, acquired_at TIMESTAMP NOT NULL, heartbeat_at TIMESTAMP NOT NULL
);

INSERT INTO marketing.activity_type VALUES  -- section 22.1; ids from 100001 on are Tandem's own
    (12, 'New Lead', NULL),
    (13, 'Change Data Value', 'Attribute Name'),
    (19, 'Sync Lead to SFDC', NULL),
    (21, 'Convert Lead', 'Assign To'),
    (22, 'Change Score', 'Score Name'),
    (23, 'Change Owner', NULL),
    (26, 'SFDC Activity', NULL),
    (28, 'Sync Lead Updates to SFDC', NULL),
    (29, 'Delete Lead from SFDC', NULL),
    (30, 'SFDC Activity Updated', NULL),
    (31, 'SFDC Merge Leads', NULL),
    (32, 'Merge Leads', NULL),
    (34, 'Add to Opportunity', 'Opportunity'),
    (35, 'Remove from Opportunity', 'Opportunity'),
    (36, 'Update Opportunity', 'Opportunity'),
    (37, 'Delete Lead', NULL),
    (42, 'Add to SFDC Campaign', 'Campaign'),
    (43, 'Remove from SFDC Campaign', 'Campaign'),
    (44, 'Change Status in SFDC Campaign', 'Campaign'),
    (46, 'Interesting Moment', 'Type'),
    (104, 'Change Status in Progression', 'Program'),
    (123, 'Change Program Member Data', 'Program'),
    (145, 'Push Lead to Marketo', NULL),
    (100001, 'Quarantined by Expectation', 'Expectation');
