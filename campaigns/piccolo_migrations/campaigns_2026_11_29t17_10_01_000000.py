"""Plans of joint campaigns: exact shares, terms and their acceptance, arrangements, goals; and counts that are kept beside the ledgers."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-29T17:10:01:000000"
VERSION = "1.38.0"
DESCRIPTION = "plans, terms, goals, kept counts"

# A third has no end as a decimal: a share is so many parts of so many.
PLANS = """
alter table campaign add column budget_fen bigint check (budget_fen between 0 and 1000000000000000),
    add column terms integer not null default 1, add column takes_registrations boolean not null default true;
alter table campaign add constraint campaign_ends_after_start check (ends_on >= starts_on);
create index campaign_days on campaign (starts_on, id);

alter table partner add column role varchar(10) not null default 'partner' check (role in ('host', 'partner')),
    add column share_part integer, add column share_of integer;
update partner set share_part = round(share * 1000000)::integer / gcd(round(share * 1000000)::integer, 1000000),
                   share_of = 1000000 / gcd(round(share * 1000000)::integer, 1000000)
where share is not null;
alter table partner drop column share;
alter table partner add constraint partner_share check (
    share_part between 0 and share_of and share_of between 1 and 1000000 and (share_part is null) = (share_of is null));
create index partner_brand on partner (brand, campaign);

create table campaign_arrangement (
    id serial primary key,
    campaign integer not null references campaign (id) on delete restrict,
    version integer not null,
    text_zh text not null,
    text_en text not null,
    hash varchar(64) not null,
    published_by varchar(80) not null,
    published_at timestamptz not null,
    unique (campaign, version)
);

create table partner_answer (
    id serial primary key,
    campaign integer not null references campaign (id) on delete restrict,
    brand integer not null references brand (id) on delete restrict,
    terms integer not null,
    arrangement integer not null references campaign_arrangement (id) on delete restrict,
    answer varchar(10) not null check (answer in ('accepted', 'declined')),
    reason varchar(400),
    staff integer not null references staff (id) on delete restrict,
    at timestamptz not null,
    constraint partner_answer_says_why_not check (answer = 'accepted' or reason is not null)
);
create index partner_answer_campaign on partner_answer (campaign, terms, brand, id desc);

create table campaign_goal (
    id serial primary key,
    campaign integer not null references campaign (id) on delete restrict,
    brand integer not null references brand (id) on delete restrict,
    figure smallint not null check (figure between 0 and 8),
    number integer not null check (number > 0),
    unique (campaign, brand, figure)
);
create index event_campaign_open on event (campaign, starts_at) where is_open;
"""

# What a row counts for: figure 0 is registered (subject: the observation), 1 to 8 are the milestones (subject: the lead), both by brand
# (0: none named) and each subject once; figures from 10 on are by channel, each row once: landings, registrations, those with a lead.
TOUCHES = """
    select row.campaign, (case when kind.registers then 0 else 10 end)::smallint as figure,
           case when kind.registers then coalesce(row.brand, 0) else row.channel end as place,
           case when kind.registers then row.observation end as subject, {sign} as change
    from {rows} as row join touchpoint_kind as kind on kind.id = row.kind
    where row.campaign is not null and row.retracted_at is null
          and (kind.registers and row.observation is not null or row.kind = 10 and row.channel is not null)
"""
FACTS = """
    select row.campaign, row.kind as figure, coalesce(row.brand, 0) as place, row.lead as subject, {sign} as change
    from {rows} as row
    where row.campaign is not null and row.retracted_at is null
"""
GUESTS = """
    select row.campaign, counted.figure::smallint as figure, row.channel as place, null::uuid as subject, {sign} as change
    from {rows} as row cross join (values (11), (12)) as counted (figure)
    where row.channel is not null and (counted.figure = 11 or row.lead is not null)
"""
NEWS = """
create function {ledger}_{event}_news() returns trigger language plpgsql as $$
begin
    insert into campaign_news (campaign, figure, place, subject, change)
    select campaign, figure, place, subject, sum(change) from ({parts}) as told
    group by campaign, figure, place, subject having sum(change) <> 0;
    return null;
end $$;
create trigger {ledger}_{event}_news after {event} on {ledger} referencing {tables}
    for each statement execute function {ledger}_{event}_news();
"""
FRESH, STALE = "new table as fresh", "old table as stale"

# News are what the ledgers say since the counts were last put together. Both are written in one commit with their cause, so whoever reads
# counts, news and ledger in one statement counts exactly.
COUNTS = """
create table campaign_count (
    campaign integer not null,
    figure smallint not null,
    place integer not null,
    number bigint not null,
    primary key (campaign, figure, place)
);
create table campaign_news (
    campaign integer not null,
    figure smallint not null,
    place integer not null,
    subject uuid,
    change integer not null
);
create index campaign_news_campaign on campaign_news (campaign);
alter table campaign_news set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

insert into campaign_count (campaign, figure, place, number)
with told as ({touches} union all {facts} union all {guests})
select campaign, figure, place, count(distinct subject) from told where figure < 10 and place <> 0 group by campaign, figure, place
union all
select campaign, figure, 0, count(distinct subject) from told where figure < 10 group by campaign, figure
union all
select campaign, figure, place, count(*) from told where figure >= 10 group by campaign, figure, place;

-- How the counts of a campaign have to move for its news. A subject that counts already does not count twice, and one that is left by one of
-- its rows still counts by another: for each subject of the news, how many rows stand now, and how many stood before. The campaign of a
-- touchpoint is compared as a sum, so that even without statistics nobody walks the whole campaign for one observation.
create function campaign_moves(which integer) returns table (figure smallint, place integer, change bigint) language sql stable as $$
with news as materialized (
    select news.figure, news.place, news.subject, sum(news.change) as change
    from campaign_news as news where news.campaign = which group by news.figure, news.place, news.subject
),
asked as (select distinct news.figure, news.subject from news where news.figure < 10),
stands as (
    select asked.figure, asked.subject, standing.place, count(*) as rows
    from asked cross join lateral (
        select coalesce(touchpoint.brand, 0) as place from touchpoint
        join touchpoint_kind as kind on kind.id = touchpoint.kind and kind.registers
        where asked.figure = 0 and touchpoint.observation = asked.subject and touchpoint.campaign + 0 = which
              and touchpoint.retracted_at is null
        union all
        select coalesce(milestone.brand, 0) from milestone
        where asked.figure > 0 and milestone.campaign = which and milestone.kind = asked.figure and milestone.lead = asked.subject
              and milestone.retracted_at is null
    ) as standing
    group by asked.figure, asked.subject, standing.place
),
compared as (
    select figure, subject, place, coalesce(stands.rows, 0) as rows, coalesce(stands.rows, 0) - coalesce(news.change, 0) as before
    from stands full join (select * from news where news.figure < 10) as news using (figure, subject, place)
)
select compared.figure, compared.place, count(*) filter (where rows > 0) - count(*) filter (where before > 0)
from compared where compared.place <> 0 group by compared.figure, compared.place
union all
select once.figure, 0, count(*) filter (where once.rows > 0) - count(*) filter (where once.before > 0)
from (select compared.figure, compared.subject, sum(rows) as rows, sum(before) as before from compared group by compared.figure, compared.subject) as once
group by once.figure
union all
select news.figure, news.place, sum(news.change)::bigint from news where news.figure >= 10 group by news.figure, news.place
$$;
"""


def _counts() -> str:
    text = COUNTS
    for name, part, ledger in (("touches", TOUCHES, "touchpoint"), ("facts", FACTS, "milestone"), ("guests", GUESTS, "registration")):
        text = text.replace(f"{{{name}}}", part.format(rows=ledger, sign=1))
    return text


def _news(ledger: str, part: str) -> str:
    fresh, stale = part.format(rows="fresh", sign=1), part.format(rows="stale", sign=-1)
    events = {"insert": (fresh, FRESH), "update": (f"{fresh} union all {stale}", f"{FRESH} {STALE}"), "delete": (stale, STALE)}
    return "".join(
        NEWS.format(ledger=ledger, event=event, parts=parts, tables=tables) for event, (parts, tables) in events.items()
    )


async def forwards() -> MigrationManager:
    """Make the tables, count what the ledgers say already, and listen to them from now on."""
    manager = MigrationManager(migration_id=ID, app_name="campaigns", description=DESCRIPTION)

    async def keep() -> None:
        from crm.database import current

        for text in (PLANS, _counts(), _news("touchpoint", TOUCHES), _news("milestone", FACTS), _news("registration", GUESTS)):
            await current().execute(text)

    manager.add_raw(keep)
    return manager
