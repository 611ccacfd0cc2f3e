-- How many records waited, in Salesforce to be read and here to be sent, once an hour (section 25).
CREATE TABLE sync.backlog (
    measured_at TIMESTAMP NOT NULL,
    object VARCHAR NOT NULL,
    in_salesforce BIGINT NOT NULL,
    in_marketing BIGINT NOT NULL
);
