-- Whose keys these are, and so many more uses of them counted. Grain: one row per asked key and address that is living. Side by side: $1 hashes,
-- $2 the addresses that ask, $3 how many requests each; $4 now, $5 whether uses are counted, $6 kinds of principals with what theirs usually may: $7
-- requests in $8 seconds.
--
-- One statement is one trip to the database, and by itself a transaction of its own: the row that counts is locked for this moment alone. Counted
-- where the request is worked on, all requests of a busy source would stand in line behind each other's commits. The write is not logged, so
-- its commit waits for no disk.
--
-- A window has a row of its own, so that old versions of a much used row cannot pile up behind somebody's long transaction. `used` is what the
-- window had counted before these; what is over the limit is not counted on: it is null then. Whoever asks from elsewhere is not counted
-- either, or a stolen key could use up its owner's limit.
with asked as (
    select * from unnest($1::bytea[], $2::inet[], $3::int[]) as given (hash, address, times)
),
found as (
    select asked.hash, asked.address, asked.times, api_key.id, principal_kind, principal, scopes, last_used_at,
           coalesce(source.code, dealer.code) as code,
           coalesce(limit_requests, usual.requests) as requests, coalesce(limit_seconds, usual.seconds) as seconds,
           allowed_from is null or coalesce(asked.address <<= any (allowed_from::inet[]), false) as is_from_there
    from asked
    join api_key on api_key.hash = asked.hash and revoked_at is null and (expires_at is null or expires_at > $4)
    join unnest($6::text[], $7::int[], $8::int[]) as usual (kind, requests, seconds) on usual.kind = principal_kind
    left join source on principal_kind = 'source' and source.id = principal
    left join dealer on principal_kind = 'dealer' and dealer.id = principal
),
timed as (
    select found.*, date_bin(length, $4, timestamptz 'epoch') as began_at, date_bin(length, $4, timestamptz 'epoch') + length as ends_at
    from found cross join lateral make_interval(secs => seconds) as length
),
counted as (
    insert into key_use as used (key, began_at, ends_at, before, requests, most)
    select id, began_at, ends_at, 0, least(sum(times), requests), requests from timed
    where is_from_there and $5 group by id, began_at, ends_at, requests order by id
    on conflict (key, began_at) do update
        set before = used.requests, requests = least(used.requests + excluded.requests, excluded.most), most = excluded.most
        where used.requests < excluded.most
    returning key, before
)
select timed.hash, timed.address, timed.id, principal_kind, principal, scopes, last_used_at, code, is_from_there,
       timed.requests, seconds, ends_at, counted.before as used
from timed left join counted on counted.key = timed.id and is_from_there
