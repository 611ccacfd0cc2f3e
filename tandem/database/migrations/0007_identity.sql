-- Which record took the place of one that was merged away or converted, and who still has to follow (15, 16).
CREATE TABLE sync.successor (
    sfdc_id VARCHAR NOT NULL,
    successor_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('merge', 'conversion')),
    converted_on DATE,
    stamp TIMESTAMP NOT NULL,          -- the record's own when it said so
    person_id BIGINT                   -- whose record it was and who waits for the successor; null: settled
);

-- People that were merged into others: their ids are not given out again.
CREATE TABLE sync.merged_person (
    person_id BIGINT NOT NULL, into_id BIGINT NOT NULL, run_id VARCHAR NOT NULL, merged_at TIMESTAMP NOT NULL
);

-- The master status per address (18.2). An address that was never opted out has none.
CREATE TABLE marketing.email_status (
    address VARCHAR NOT NULL,          -- lower case
    unsubscribed BOOLEAN NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- Which address's status the person took over last, and what it was. An address that is another one now, or a flag
-- that says something else, was changed since.
ALTER TABLE marketing.person ADD COLUMN email_status_address VARCHAR;
ALTER TABLE marketing.person ADD COLUMN email_status BOOLEAN;
