-- Opportunities, contact roles, tasks and events: they come in only (sections 9 and 13). `person_id` says whose
-- record it is, as far as the activity log was told.

CREATE TABLE marketing.opportunity (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    name VARCHAR, stage VARCHAR, amount DOUBLE, expected_revenue DOUBLE, close_date DATE,
    is_closed BOOLEAN, is_won BOOLEAN, sfdc_is_deleted BOOLEAN
);

CREATE TABLE marketing.opportunity_role (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    person_id BIGINT,                  -- who has the role now; null: nobody we know, or not any more
    sfdc_opportunity_id VARCHAR,       -- sfdc_id of the opportunity
    sfdc_contact_id VARCHAR,
    role VARCHAR, is_primary BOOLEAN, sfdc_is_deleted BOOLEAN
);

CREATE TABLE marketing.task (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    person_id BIGINT, sfdc_owner_id VARCHAR, subject VARCHAR, status VARCHAR, priority VARCHAR, activity_date DATE,
    sfdc_is_deleted BOOLEAN
);

CREATE TABLE marketing.event (
    id BIGINT NOT NULL, sfdc_id VARCHAR, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    person_id BIGINT, sfdc_owner_id VARCHAR, subject VARCHAR, location VARCHAR, start_date_time TIMESTAMP,
    end_date_time TIMESTAMP, sfdc_is_deleted BOOLEAN
);

-- 9.6: an opportunity counts once, however many roles a person has in it.
CREATE VIEW marketing.opportunity_totals AS
SELECT person_id, count(*) AS opportunities, sum(amount) AS total_amount,
       sum(expected_revenue) AS total_expected_revenue
FROM (SELECT DISTINCT r.person_id, o.id, o.amount, o.expected_revenue
      FROM marketing.opportunity_role r JOIN marketing.opportunity o ON o.sfdc_id = r.sfdc_opportunity_id
      WHERE r.person_id IS NOT NULL AND r.sfdc_is_deleted IS NOT TRUE AND o.sfdc_is_deleted IS NOT TRUE)
GROUP BY person_id;

UPDATE marketing.activity_type SET primary_attribute = 'Subject' WHERE id IN (26, 30);
