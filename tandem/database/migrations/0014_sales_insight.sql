-- What Sales Insight's relative score and urgency are worked out from (section 28). `id` is a person's: where people
-- are merged, the scores of those who go are not the winner's.
CREATE TABLE sync.score (              -- a score that a person had
    id BIGINT NOT NULL,
    score DOUBLE NOT NULL,
    noted_at TIMESTAMP NOT NULL
);
CREATE TABLE sync.score_tier (         -- the lowest score, or rise of a score, with which one is in a tier
    what VARCHAR NOT NULL,             -- the column of marketing.person
    tier INTEGER NOT NULL,             -- 1 to 3
    lowest DOUBLE,                     -- null: nobody had any when it was worked out
    found_at TIMESTAMP NOT NULL
);
