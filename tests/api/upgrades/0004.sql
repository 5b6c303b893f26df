-- A platform integration of Ada, installed, with tokens, and one that is still to be told of its end.
INSERT INTO platform_integrations
    (seq, id, agent_id, status, name, description, author, contact, uninstallation_url, oauth_callback_url, tags,
     scopes, identifier_field_path, configuration_fields, client_secret_hash, created_at, updated_at)
VALUES (1, '65df0000000000000000000a', 'aaaaaaaa-0000-4000-8000-000000000001', 'development', 'of format 4', 'd', 'a', 'c@example.com', 'https://example.com/u',
        'https://example.com/c', '[]', '[]', 'name', '{"type":"object","properties":{"name":{"type":"string"}}}',
        x'2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 1771545600000000, 1771545600000000);
INSERT INTO platform_installations
    (seq, id, integration_id, agent_id, status, name, scopes, configuration, client_secret, created_at, updated_at)
VALUES (1, '65df0000000000000000000b', '65df0000000000000000000a', 'aaaaaaaa-0000-4000-8000-000000000001', 'incomplete', 'of format 4', '[]',
        x'01d35fd8aa3b0b980d7dc958177a7e8822a0b06393cc365c7e89814e78442339db8dcf16cc2cbc51c771b49e6a96adb28407e8854070303d9ccd720ab738c0',
        x'01ddb87fdbe8d0662b2ecc4b2104fd5f14b98edb2bb7dfb998de2645d4b51f91544558c26fb49735450c788ef14663fd90bce96aabb83b65c8d308c0f6bb29f409fde3133ab866c3532b393630662ce1055ba33f16d12b3a2489b62c789076dae13114a53be75cd095', 1771545600000000, 1771545600000000);
INSERT INTO platform_tokens (seq, id, installation_id, kind, hash, created_at, expires_at)
VALUES (1, '99999999-0000-4000-8000-000000000002', '65df0000000000000000000b', 'access', x'ff594107e9c8e31e3ab77b079e068655f1e1148175f64131bd2dd2e029af4b17', 1771545600000000, 1893456000000000);
INSERT INTO platform_uninstalls
    (seq, installation_id, agent_id, name, url, client_secret, attempts, next_attempt_at, created_at)
VALUES (1, '65df0000000000000000000c', 'aaaaaaaa-0000-4000-8000-000000000001', 'gone', 'http://127.0.0.1:9/u',
        x'0166baef39124c2c1abeab9c25461500958a92ac711e08adc1bcfc23cf922ca6a70d2d1ec9118a688218516d88734dca4041dd876cc7f40edde650725f4c7fd3aff09ab00a3d6f744ca5fac78ab3361e086ff527da7c9a03caf3d5434e352dfce9dd00d9ed3435fad1', 1, 1893456000000000, 1771545600000000);
