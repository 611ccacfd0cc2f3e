-- Notifications that begin and end, and to whom they were said (section 26). DuckDB takes no constraint with a new
-- column; null in `lasting` is false.
ALTER TABLE sync.notification ALTER COLUMN run_id DROP NOT NULL;  -- the watchdog is no run
ALTER TABLE sync.notification ALTER COLUMN object DROP NOT NULL;
ALTER TABLE sync.notification ALTER COLUMN field DROP NOT NULL;
ALTER TABLE sync.notification ADD COLUMN lasting BOOLEAN;         -- it goes on until `ended_at`; else it just happened
ALTER TABLE sync.notification ADD COLUMN ended_at TIMESTAMP;      -- null: not over, if it is a lasting one
ALTER TABLE sync.notification ADD COLUMN ending VARCHAR;          -- what ended it

CREATE TABLE sync.delivery (
    notification_id BIGINT NOT NULL,
    moment VARCHAR NOT NULL CHECK (moment IN ('begin', 'end')),
    target VARCHAR NOT NULL,           -- a block document of Prefect, e.g. slack-webhook/ops
    delivered_at TIMESTAMP NOT NULL
);

-- Errors that nobody wants to be reminded of. A null is any.
CREATE TABLE sync.mute (
    code VARCHAR NOT NULL, level VARCHAR, object VARCHAR, person_id BIGINT, sfdc_id VARCHAR,
    muted_at TIMESTAMP NOT NULL,
    until TIMESTAMP                    -- null: for ever
);

ALTER TABLE sync.quarantine ADD COLUMN outcome VARCHAR;      -- repaired, released, dropped, replaced by another finding; null: held
ALTER TABLE sync.quarantine ADD COLUMN allowed_at TIMESTAMP; -- somebody lets the record in with this value
ALTER TABLE sync.quarantine ADD COLUMN ask_again BOOLEAN;    -- the next cycle reads the record though it did not move
ALTER TABLE sync.quarantine ADD COLUMN suite VARCHAR;        -- the suite that judged it: another one judges it anew
