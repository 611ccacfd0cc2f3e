-- Campaigns, and the programs that they may be linked to (sections 10 and 11). Columns that are not named here
-- come with the field map.
CREATE TABLE marketing.campaign (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    name VARCHAR, type VARCHAR, actual_cost DOUBLE, sfdc_is_deleted BOOLEAN
);

CREATE TABLE marketing.campaign_status (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    campaign_id BIGINT, label VARCHAR, sort_order BIGINT, is_default BOOLEAN, has_responded BOOLEAN,
    sfdc_is_deleted BOOLEAN
);

CREATE TABLE marketing.campaign_member (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    campaign_id BIGINT,
    person_id BIGINT,                  -- null: its lead or contact is out of sight
    status VARCHAR, sfdc_is_deleted BOOLEAN
);

CREATE TABLE marketing.channel (id BIGINT NOT NULL, name VARCHAR NOT NULL);

CREATE TABLE marketing.channel_status (
    channel_id BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    step INTEGER NOT NULL,             -- a member never goes down a step (10.9)
    is_success BOOLEAN NOT NULL
);

CREATE TABLE marketing.program (
    id BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    channel_id BIGINT NOT NULL,
    period_cost DOUBLE,
    sfdc_id VARCHAR,                   -- the linked campaign (10.11); null: none
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE marketing.program_member (  -- one row for each person; fields of members' own become columns
    program_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    status VARCHAR,                    -- null: the channel's first
    is_removed BOOLEAN,                -- true: taken out of the campaign in Salesforce
    created_at TIMESTAMP,              -- null: added by somebody, and not seen by a cycle yet
    updated_at TIMESTAMP
);

CREATE TABLE marketing.program_member_field (
    column_name VARCHAR NOT NULL,      -- of marketing.program_member
    type VARCHAR NOT NULL,             -- string, integer, float, boolean, url, date, datetime (11.4)
    campaign_member_field VARCHAR,     -- null: not mapped
    campaign_member_type VARCHAR,      -- its type when it was mapped
    mapped_at TIMESTAMP
);

CREATE TABLE sync.held_program_value (  -- values of program members that rightly differ from Salesforce's
    program_id BIGINT NOT NULL, person_id BIGINT NOT NULL, column_name VARCHAR NOT NULL, value VARCHAR
);

CREATE TABLE sync.new_campaign (       -- campaigns that programs ask for: written before anything is sent
    program_id BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    sent_at TIMESTAMP,                 -- Salesforce's clock before the first try; null: not sent yet
    sfdc_id VARCHAR,
    ended_at TIMESTAMP                 -- the program is linked, or the wish was taken back
);

-- A member may be somebody out of sight, a campaign is nobody.
ALTER TABLE sync.outbox ALTER COLUMN person_id DROP NOT NULL;
ALTER TABLE sync.conflict ALTER COLUMN person_id DROP NOT NULL;
