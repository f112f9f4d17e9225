-- An example centre (gradeline seed): whatever such a database holds is shown as an example.
CREATE TABLE example_centre (
    -- There is one or none.
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- Of its random numbers; as text, for it has 64 bits without a sign.
    seed TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    -- The last moment that was played; NULL while it is made, and where that was cut short.
    finished_at BIGINT
);
