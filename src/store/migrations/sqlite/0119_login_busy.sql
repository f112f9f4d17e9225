-- A desk's page is in a talk, or in the work after it: until then time alone does not end its login.
ALTER TABLE logins ADD COLUMN busy_until BIGINT;
