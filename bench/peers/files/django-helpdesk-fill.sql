-- :size complaints of two months in ten queues, the last fifth of them open, with two or three entries each; said has the eight complaints (n, line)
INSERT INTO helpdesk_ticket (title, created, modified, submitter_email, status, on_hold, description, resolution, priority,
  due_date, last_escalation, assigned_to_id, queue_id, secret_key)
SELECT said.line, made.at, made.at, 'customer' || made.n % 1000 || '@bench.invalid',
  CASE WHEN made.open THEN 1 + made.n % 2 ELSE 4 END, false,
  'Parcel YT' || lpad(made.n::text, 13, '0') || '. ' || said.line || '. Please get in touch with the receiver soon.',
  CASE WHEN made.open THEN NULL ELSE 'Reached the receiver, who has the parcel now' END, 2 + made.n / 10 % 4,
  made.at + interval '3 days', CASE WHEN made.open THEN now() - interval '90 days' END, 2 + made.n / 7 % 20,
  1 + made.n % 10, md5(made.n::text)
FROM (SELECT n, n > :size * 0.8 AS open, now() - interval '62 days' * ((:size - n)::float / :size) AS at
  FROM generate_series(1, :size) AS n) AS made JOIN said ON said.n = made.n / 3 % 8 ORDER BY made.n;
INSERT INTO helpdesk_followup (date, title, comment, public, ticket_id, user_id)
SELECT ticket.created + entry * interval '10 minutes', 'Comment',
  'Note ' || entry || ': the customer called again, the courier was told and is to answer', true, ticket.id,
  ticket.assigned_to_id
FROM helpdesk_ticket AS ticket
CROSS JOIN LATERAL generate_series(1, CASE WHEN ticket.id = :size THEN 50 ELSE 2 + ticket.id % 2 END) AS entry
WHERE ticket.id > :size * 0.8 ORDER BY ticket.id, entry;
