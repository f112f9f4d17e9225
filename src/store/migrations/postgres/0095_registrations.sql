-- Accounts of desks' telephones (RFC 3261 §10): of a password only what digests are made of (RFC 7616 §3.4.2).
CREATE TABLE desk_accounts (
    name TEXT PRIMARY KEY,
    -- 工号, where it is another than the name
    staff TEXT,
    ha1_sha256 TEXT NOT NULL,
    ha1_md5 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Where they can be reached: written after the answer, read at the start.
CREATE TABLE desk_bindings (
    account TEXT NOT NULL REFERENCES desk_accounts (name),
    uri TEXT NOT NULL,
    -- Where the REGISTER came from: 192.0.2.7:5060
    source TEXT NOT NULL,
    -- udp, tcp, tls
    carrier TEXT NOT NULL,
    q_milli BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    cseq BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    instance TEXT,
    reg_id BIGINT,
    PRIMARY KEY (account, uri)
);
