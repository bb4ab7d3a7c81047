-- :size complaints of two months in ten queues, the last fifth of them open, with two or three entries each; said has the eight complaints (n, line)
SET maintenance_work_mem = '256MB';
SET synchronous_commit = off;
CREATE TABLE peer_indexes AS SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename IN
 ('tickets', 'groups', 'cachedgroupmembers', 'groupmembers', 'transactions', 'attachments') AND indexname NOT LIKE '%pkey';
DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM peer_indexes LOOP EXECUTE 'DROP INDEX ' || one.indexname; END LOOP; END $$;
CREATE TABLE peer_clerk AS SELECT row_number() OVER (ORDER BY id)::int - 1 AS n, id FROM users WHERE name LIKE 'clerk%';
CREATE TABLE peer_customer AS SELECT row_number() OVER (ORDER BY id)::int - 1 AS n, id FROM users WHERE name LIKE 'customer%';
CREATE TABLE peer_queue AS SELECT right(name, 1)::int AS n, id FROM queues WHERE name LIKE 'Province %';
INSERT INTO tickets (id, effectiveid, queue, type, owner, subject, initialpriority, finalpriority, priority, status, starts,
  started, due, resolved, told, lastupdatedby, lastupdated, creator, created)
SELECT made.n, made.n, queue.id, 'ticket', clerk.id, said.line, made.n / 10 % 5 * 20, 100, made.n / 10 % 5 * 20,
  CASE WHEN NOT made.open THEN 'resolved' WHEN made.n % 2 = 0 THEN 'new' ELSE 'open' END, '1970-01-01', '1970-01-01',
  '1970-01-01', CASE WHEN made.open THEN '1970-01-01' ELSE made.at + interval '1 day' END, NULL, clerk.id,
  made.at + interval '1 hour', customer.id, made.at
FROM (SELECT n, n > :size * 0.8 AS open,
  (now() AT TIME ZONE 'UTC') - interval '62 days' * ((:size - n)::float / :size) AS at
  FROM generate_series(1, :size) AS n) AS made
JOIN said ON said.n = made.n / 3 % 8 JOIN peer_queue AS queue ON queue.n = made.n % 10
JOIN peer_clerk AS clerk ON clerk.n = made.n / 7 % 20 JOIN peer_customer AS customer ON customer.n = made.n / 11 % 100
ORDER BY made.n;
CREATE TABLE peer_role AS SELECT n, name FROM (VALUES (1, 'AdminCc'), (2, 'Cc'), (3, 'Owner'), (4, 'Requestor')) AS roles (n, name);
CREATE TABLE peer_base AS SELECT (SELECT max(id) FROM principals) AS principal;
INSERT INTO groups (id, name, description, domain, instance, creator, created, lastupdatedby, lastupdated)
SELECT base.principal + 4 * (ticket.id - 1) + role.n, role.name, NULL, 'RT::Ticket-Role', ticket.id, 1, ticket.created, 1,
  ticket.created
FROM tickets AS ticket CROSS JOIN peer_role AS role CROSS JOIN peer_base AS base ORDER BY ticket.id, role.n;
INSERT INTO principals (id, principaltype, disabled)
SELECT base.principal + n, 'Group', 0 FROM generate_series(1, 4 * :size) AS n CROSS JOIN peer_base AS base;
SELECT setval('principals_id_seq', (SELECT max(id) FROM principals));
SELECT setval('groups_id_seq', (SELECT max(id) FROM principals));
SELECT setval('tickets_id_seq', :size);
INSERT INTO groupmembers (groupid, memberid, creator, created, lastupdatedby, lastupdated)
SELECT base.principal + 4 * (id - 1) + role.n, CASE role.n WHEN 3 THEN owner ELSE creator END, 1, created, 1, created
FROM tickets CROSS JOIN (VALUES (3), (4)) AS role (n) CROSS JOIN peer_base AS base;
INSERT INTO cachedgroupmembers (id, groupid, memberid, via, immediateparentid, disabled)
SELECT id, groupid, memberid, id, groupid, 0
FROM (SELECT nextval('cachedgroupmembers_id_seq')::int AS id, groupid, memberid FROM (
  SELECT base.principal + n AS groupid, base.principal + n AS memberid
  FROM generate_series(1, 4 * :size) AS n CROSS JOIN peer_base AS base
  UNION ALL SELECT groupid, memberid FROM groupmembers CROSS JOIN peer_base AS base WHERE groupid > base.principal
 ) AS pairs) AS numbered;
CREATE TABLE peer_entries AS
SELECT nextval('transactions_id_seq') AS id, ticket.id AS ticket, entry, ticket.subject,
  CASE entry WHEN 0 THEN ticket.creator ELSE ticket.owner END AS author,
  ticket.created + entry * interval '10 minutes' AS at,
  CASE entry WHEN 0 THEN ticket.subject || '. Please get in touch with the receiver soon.'
  ELSE 'Note ' || entry || ': the customer called again, the courier was told and is to answer' END AS content
FROM tickets AS ticket
CROSS JOIN LATERAL generate_series(0, CASE WHEN ticket.id = :size THEN 50 ELSE 2 + ticket.id % 2 END) AS entry
WHERE ticket.id > :size * 0.8;
INSERT INTO transactions (id, objecttype, objectid, timetaken, type, creator, created)
SELECT id, 'RT::Ticket', ticket, 0, CASE entry WHEN 0 THEN 'Create' ELSE 'Correspond' END, author, at FROM peer_entries;
INSERT INTO attachments (transactionid, parent, subject, contenttype, contentencoding, content, headers, creator, created)
SELECT id, 0, subject, 'text/plain', 'none', content,
  'Content-Type: text/plain; charset="utf-8"' || chr(10) || 'X-RT-Original-Encoding: utf-8' || chr(10) ||
  'Content-Length: ' || length(content) || chr(10), author, at FROM peer_entries;
INSERT INTO attachmentsindex (id, contentindex)
SELECT id, to_tsvector(subject || ' ' || content) FROM attachments WHERE contenttype = 'text/plain';
DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM peer_indexes LOOP EXECUTE one.indexdef; END LOOP; END $$;
DROP TABLE peer_indexes, peer_clerk, peer_customer, peer_queue, peer_role, peer_base, peer_entries;
