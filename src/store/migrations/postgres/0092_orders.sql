-- Whose tickets are a unit's: whole in the index, so that few are found among very many.
DROP INDEX orders_by_unit;
CREATE INDEX orders_of_unit ON orders (unit, ticket);
