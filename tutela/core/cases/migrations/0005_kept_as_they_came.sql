-- Pictures, archives and whatever is sealed do not become smaller, and trying costs seconds and a second copy
-- in memory for each large mail. Holds for rows from now on; rows that are there stay as they are.
ALTER TABLE cases_report ALTER COLUMN raw SET STORAGE EXTERNAL;
ALTER TABLE cases_reportfile ALTER COLUMN data SET STORAGE EXTERNAL;
