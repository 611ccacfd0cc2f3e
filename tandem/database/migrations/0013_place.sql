-- Where the reading of an object stands that one cycle did not finish (ENG-10).
CREATE TABLE sync.place (
    object VARCHAR NOT NULL,
    stamp TIMESTAMP NOT NULL,          -- of the last row that was read, with its id: many rows may share a stamp
    sfdc_id VARCHAR NOT NULL,
    began_at TIMESTAMP NOT NULL        -- Salesforce's clock when the reading began: the watermark once it is done
);
