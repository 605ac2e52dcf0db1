-- What your own system fills: who is in which audience, and what people did. Times are unix seconds.
create table audience_members (
  external_id text not null,
  audience text not null,
  joined_at integer not null,
  seen_at integer not null,
  left_at integer,
  primary key (external_id, audience)
);
create table events (
  id integer primary key,
  external_id text not null,
  name text not null,
  at integer not null,
  properties text
);
insert into audience_members values
  ('1001', 'Likely to churn', 1767225600, 1767225600, null),
  ('1002', 'Likely to churn', 1767225600, 1767225600, null),
  ('1003', 'Likely to churn', 1767139200, 1767225600, null);
insert into events (external_id, name, at, properties) values
  ('1001', 'ordered-item', 1767225600, '{"item":"Lamp"}'),
  ('1002', 'signed-out', 1767225660, null);
