-- :size complaints of two months with ten keywords as queues, the last fifth of them open, with two or three messages each; said has the eight complaints (n, line)
INSERT INTO _user (id, _username, _address, _realname, _roles, _creator, _actor, _creation, _activity, __retired__)
SELECT 10 + n, 'clerk' || n, 'clerk' || n || '@bench.invalid', 'Clerk ' || n, 'User', 1, 1, now(), now(), 0
FROM generate_series(1, 20) AS n;
SELECT setval('_user_ids', 100);
INSERT INTO _keyword (id, _name, _creator, _actor, _creation, _activity, __retired__)
SELECT n, 'Province ' || n, 1, 1, now(), now(), 0 FROM generate_series(1, 10) AS n;
SELECT setval('_keyword_ids', 11);
INSERT INTO _issue (id, _title, _status, _priority, _assignedto, _creator, _actor, _creation, _activity, __retired__)
SELECT made.n, said.line, CASE WHEN made.open THEN 1 + made.n % 5 ELSE 8 END, 1 + made.n / 10 % 5, 11 + made.n / 7 % 20,
  11 + made.n / 11 % 20, 11 + made.n / 11 % 20, made.at, made.at, 0
FROM (SELECT n, n > :size * 0.8 AS open, now() - interval '62 days' * ((:size - n)::float / :size) AS at
  FROM generate_series(1, :size) AS n) AS made JOIN said ON said.n = made.n / 3 % 8 ORDER BY made.n;
INSERT INTO issue_keyword (linkid, nodeid) SELECT 1 + n % 10, n FROM generate_series(1, :size) AS n;
INSERT INTO issue__journal (nodeid, date, tag, action, params)
SELECT id, _creation, _creator::text, 'create', '{}' FROM _issue;
CREATE TABLE peer_messages AS
SELECT row_number() OVER (ORDER BY issue.id, entry)::int AS id, issue.id AS issue, entry, issue._assignedto AS author,
  issue._creation + entry * interval '10 minutes' AS at
FROM _issue AS issue
CROSS JOIN LATERAL generate_series(0, CASE WHEN issue.id = :size THEN 50 ELSE 2 + issue.id % 2 END) AS entry
WHERE issue.id > :size * 0.8;
INSERT INTO _msg (id, _author, _creator, _actor, _creation, _activity, _date, _summary, __retired__)
SELECT id, author, author, author, at, at, at, 'Note: the customer called again', 0 FROM peer_messages;
INSERT INTO issue_messages (linkid, nodeid) SELECT id, issue FROM peer_messages;
INSERT INTO issue_nosy (linkid, nodeid) SELECT DISTINCT author, issue FROM peer_messages;
INSERT INTO msg__journal (nodeid, date, tag, action, params)
SELECT id, at, author::text, 'create', '{}' FROM peer_messages
UNION ALL SELECT id, at, author::text, 'link', '(''issue'', ''' || issue || ''', ''messages'')' FROM peer_messages;
INSERT INTO issue__journal (nodeid, date, tag, action, params)
SELECT issue, at, author::text, 'set', '{''messages'': ((''+'', [''' || id || ''']),)}' FROM peer_messages WHERE entry > 0;
INSERT INTO __fts (_class, _itemid, _prop, _tsv)
SELECT 'issue', id::text, 'title', to_tsvector('english', _title) FROM _issue
UNION ALL SELECT 'msg', id::text, 'content', to_tsvector('english',
  'Note: the customer called again, the courier was told and is to answer') FROM peer_messages;
SELECT setval('_issue_ids', :size + 1);
SELECT setval('_msg_ids', (SELECT max(id) + 1 FROM peer_messages));
DROP TABLE peer_messages;
