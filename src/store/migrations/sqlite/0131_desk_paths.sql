-- Through which proxies a desk's telephone is reached (RFC 3327): <sip:edge.example;lr>, <sip:core.example;lr>
ALTER TABLE desk_bindings ADD COLUMN path TEXT;
