-- The mapping as it was when an object's sync started: frozen from then on, shown by `tandem fields list --initial`.
CREATE TABLE sync.initial_mapping (
    object VARCHAR NOT NULL, field VARCHAR NOT NULL, column_name VARCHAR, label VARCHAR NOT NULL,
    frozen_at TIMESTAMP NOT NULL
);
INSERT INTO sync.initial_mapping
SELECT object, field, column_name, label, moved_at FROM sync.field_map JOIN sync.watermark USING (object);

-- Columns of marketing tables that nobody wants to see. They stay, and their sync goes on.
CREATE TABLE sync.hidden_column (
    table_name VARCHAR NOT NULL, column_name VARCHAR NOT NULL, hidden_at TIMESTAMP NOT NULL
);

-- What somebody should know of and nothing has to be done about at once (section 26).
CREATE TABLE sync.notification (
    id BIGINT NOT NULL, run_id VARCHAR NOT NULL, logged_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,             -- picklist value, type change, column restored
    object VARCHAR NOT NULL, field VARCHAR NOT NULL, message VARCHAR NOT NULL
);

-- One more kind of change: retyped.
CREATE TABLE sync.schema_change_more (
    run_id VARCHAR NOT NULL, logged_at TIMESTAMP NOT NULL, object VARCHAR NOT NULL, field VARCHAR NOT NULL,
    change VARCHAR NOT NULL CHECK (change IN ('added', 'gone', 'returned', 'retyped'))
);
INSERT INTO sync.schema_change_more SELECT * FROM sync.schema_change;
DROP TABLE sync.schema_change;
ALTER TABLE sync.schema_change_more RENAME TO schema_change;

-- What marketing knows of a person and Salesforce may show (section 2.15 of the behaviour).
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS score DOUBLE;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS acquisition_date TIMESTAMP;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS acquisition_program VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS acquisition_program_id DOUBLE;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS original_referrer VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS original_search_engine VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS original_search_phrase VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS original_source_info VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS inferred_city VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS inferred_company VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS inferred_country VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS inferred_metropolitan_area VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS inferred_phone_area_code VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS inferred_postal_code VARCHAR;
ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS inferred_state_region VARCHAR;
