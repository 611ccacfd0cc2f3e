-- Bulk jobs that write to Salesforce. A run that dies leaves its job there, still at work: nothing is read or
-- sent before it has ended.
CREATE TABLE sync.ingest_job (
    job_id VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
