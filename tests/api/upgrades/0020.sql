-- An endpoint whose address has a query, which is sealed.
INSERT INTO webhook_endpoints
    (seq, id, agent_id, url, sealed_url, description, event_filters, enabled, secret, created_at, updated_at)
VALUES (20, 'ep_000000000000000000000000020', 'aaaaaaaa-0000-4000-8000-000000000001', 'http://127.0.0.1:9/of-format-20?[hidden]', x'0179ebd43bfda598dde686dabd9d739bba89d70d63d0b6d6748eafeae6e88e4316b57ab2b13a3fc3f4c78281ae6a6f5ded9bb26d3c63bf4ac7f55556229b002d9a6b4bae011bba68f6c710f510e0df4ce9a9324fe6bee81f7a', '', '[]', 1, x'0109a5ca8cca0fb0124e57acf687f9f9de9000afe362ffd56812be104088445bd289046743be77160dbefdc0c6b0b0d1904f2aebfa893c68fe31fca6dab7a873b7', 1771545600000000, 1771545600000000);
