-- The users of a school or a class, in order: found once, and kept until the provider's roster changes. A list holds as
-- long as `changes` is the sum of the provider's changes. Nothing here is the truth: the table is unlogged and may be
-- emptied at any time.
CREATE UNLOGGED TABLE rest_kept_list (
    supplier_id uuid NOT NULL, provider_id uuid NOT NULL, operation text NOT NULL, parent_id uuid NOT NULL, disclosed boolean NOT NULL,
    changes bigint NOT NULL, ids uuid[] NOT NULL,
    PRIMARY KEY (supplier_id, provider_id, operation, parent_id, disclosed)
);
