ALTER TABLE delivery_reports DROP COLUMN part;
DROP TABLE gateway_buckets;
