GRANT SELECT, INSERT, UPDATE ON vault_indexkey TO tutela_desk;

-- Called by the migration of every table with columns that the key of a case seals. With an array, so that it can
-- be named like any other function.
DROP FUNCTION tutela.is_sealed_again(regclass, text[]);
CREATE FUNCTION tutela.is_sealed_again(relation regclass, sealed text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY sealed_again ON %s TO tutela_sealing USING (true)', relation);
    EXECUTE format('GRANT SELECT ON %s TO tutela_sealing', relation);
    EXECUTE format('GRANT UPDATE (%s) ON %s TO tutela_sealing',
                   (SELECT string_agg(quote_ident(name), ', ') FROM unnest(sealed) AS name), relation);
END
$$;
REVOKE ALL ON FUNCTION tutela.is_sealed_again FROM PUBLIC;
