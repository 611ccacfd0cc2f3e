-- What the data quality reports found, for the trend over days. Counts are of records that are
-- not deleted in Salesforce.
CREATE TABLE sync.quality (            -- an object in a report
    measured_at TIMESTAMP NOT NULL,    -- the same in every row of a report
    run_id VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    records BIGINT NOT NULL,
    failing BIGINT NOT NULL,           -- records that break something critical
    warned BIGINT NOT NULL,            -- other records that break something
    quarantined BIGINT NOT NULL,       -- records that are held back
    completeness DOUBLE,               -- mean share of filled fields; null: no records
    score DOUBLE NOT NULL,             -- 0 to 100
    read_at TIMESTAMP,                 -- how far the object was read, by Salesforce's clock
    note VARCHAR                       -- what kept the object from being judged, in one line
);
CREATE TABLE sync.quality_expectation (  -- an expectation in a report
    measured_at TIMESTAMP NOT NULL,
    object VARCHAR NOT NULL,
    number INTEGER NOT NULL,           -- its place in the suite, from 1
    expectation VARCHAR NOT NULL,
    column_name VARCHAR,
    severity VARCHAR NOT NULL,
    passed BOOLEAN,                    -- null: not judged, as the database has no such column
    checked BIGINT NOT NULL,           -- records that it speaks of
    broken BIGINT NOT NULL,
    observed VARCHAR,                  -- what was found, where it speaks of the whole object
    why VARCHAR
);
CREATE TABLE sync.quality_field (      -- how complete a field was in a report
    measured_at TIMESTAMP NOT NULL,
    object VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    filled BIGINT NOT NULL,
    records BIGINT NOT NULL
);
CREATE TABLE sync.quality_count (      -- duplicates and orphans in a report
    measured_at TIMESTAMP NOT NULL,
    what VARCHAR NOT NULL,
    records BIGINT NOT NULL
);
CREATE TABLE sync.quality_example (    -- records to look at first, of the last report only
    what VARCHAR NOT NULL,             -- worst records, or what sync.quality_count counts
    place INTEGER NOT NULL,            -- the order in which to show them
    key VARCHAR,                       -- the e-mail address that duplicates share
    object VARCHAR NOT NULL,
    sfdc_id VARCHAR NOT NULL,
    person_id BIGINT,
    name VARCHAR,
    detail VARCHAR
);
