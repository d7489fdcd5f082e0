"""What the catalog does by the clock."""

from datetime import date
from uuid import UUID

from catalog.admission import actions as admission_actions
from catalog.brand import actions as brand_actions
from catalog.certificate import actions as certificate_actions
from catalog.credit import actions as credit_actions
from catalog.directory import actions as directory_actions
from catalog.eligibility import actions as eligibility_actions
from catalog.import_batch import actions as import_actions
from catalog.import_batch import queries as import_queries
from catalog.importer.working import Workplace, work_on
from catalog.inspection import actions as inspection_actions
from catalog.licence import actions as licence_actions
from catalog.linkage import actions as linkage_actions
from catalog.popularity import actions as popularity_actions
from catalog.recognition import actions as recognition_actions
from catalog.search import actions as search_actions
from catalog.settings import CatalogSettings
from catalog.sku import actions as sku_actions
from catalog.synonym import actions as synonym_actions
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.files import open_files
from shared.ids import new_id
from shared.jobs import Jobs

jobs = Jobs("catalog")
_ELIGIBILITY_BATCHES = 15


@jobs.periodic("* * * * *")
async def turn_prices(database: Database) -> None:
    """Each minute, announce the prices that began and delist what has no price any more, a batch a transaction."""
    while True:
        async with database.begin() as db:
            if not await sku_actions.turn_prices(db, now=utc_now()):
                return


@jobs.periodic("* * * * *")
async def end_certificates(database: Database) -> None:
    """Each minute, note the certificates whose last day is over; their badges went at midnight by themselves."""
    while True:
        async with database.begin() as db:
            if not await certificate_actions.end_certificates(db, now=utc_now()):
                return


@jobs.periodic("* * * * *")
async def end_inspections(database: Database) -> None:
    """Each minute, note the reports whose last day is over and tell of the SKUs that canteens may no longer buy."""
    while True:
        async with database.begin() as db:
            if not await inspection_actions.end_inspections(db, now=utc_now()):
                return


@jobs.periodic("0 1 * * *")
async def remind_of_ending_certificates(database: Database) -> None:
    """Each morning (09:00 in Shanghai), tell suppliers of the certificates and reports that end in a month or a
    week."""
    now = utc_now()
    for remind in (certificate_actions.remind_of_ending, inspection_actions.remind_of_ending):
        after: UUID | None = None
        while True:
            async with database.begin() as db:
                after = await remind(db, now=now, after=after)
            if after is None:
                break


@jobs.periodic("15 18 * * *")
async def renew_ending_certificates(database: Database) -> None:
    """Each night (02:15 in Shanghai), let cards know of the certificates that begin or run out in the next hundred
    days."""
    now = utc_now()
    after: UUID | None = None
    while True:
        async with database.begin() as db:
            after = await search_actions.renew_ending_certificates(db, now=now, after=after)
        if after is None:
            return


@jobs.task()
async def spell_anew(database: Database, *, words: list[str], group_id: str | None, revision: int) -> None:
    """After words that mean the same were changed: render all products that say one of them, a batch a transaction."""
    after: UUID | None = None
    while True:
        async with database.begin() as db:
            after = await synonym_actions.spell_anew(db, words=words, after=after, now=utc_now())
            if after is None and group_id is not None:
                await synonym_actions.mark_applied(db, group_id=UUID(group_id), revision=revision)
        if after is None:
            return


@jobs.periodic("5 16 * * *")
async def forget_old_sales(database: Database) -> None:
    """Each night (00:05 in Shanghai), let what was sold more than thirty days ago count no more."""
    today = business_day(utc_now())
    while True:
        async with database.begin() as db:
            if not await popularity_actions.forget_old_sales(db, today=today):
                return


@jobs.periodic("1 16 * * *")
async def act_on_ending_licences(database: Database) -> None:
    """Each night, a minute past midnight in Shanghai: tell of licences that end, act on those that did."""
    now = utc_now()
    after: tuple[date, UUID] | None = None
    while True:
        async with database.begin() as db:
            after = await licence_actions.act_on_ends(db, now=now, after=after)
        if after is None:
            return


@jobs.periodic("30 0 * * *")
async def tell_of_overdue_admissions(database: Database) -> None:
    """Each morning (08:30 in Shanghai), tell the desks of applications whose step should have ended."""
    now = utc_now()
    after: tuple[date, UUID] | None = None
    while True:
        async with database.begin() as db:
            after = await admission_actions.tell_overdue(db, now=now, after=after)
        if after is None:
            return


@jobs.periodic("2 16 * * *")
async def turn_linkages(database: Database) -> None:
    """Just after midnight in Shanghai, count anew where a linkage began or ended, and look again where a fact did."""
    now = utc_now()
    after: UUID | None = None
    while True:
        async with database.begin() as db:
            after = await linkage_actions.refresh_turning_counts(db, now=now, after=after)
        if after is None:
            break
    async with database.begin() as db:
        await eligibility_actions.mark_turning(db, now=now)


@jobs.periodic("* * * * *")
async def decide_eligibility(database: Database) -> None:
    """Each minute, decide the products whose facts changed, then go on with what a new rule asks; a batch a transaction
    and some thousands a run, so that a great change does not keep the machine from its other work."""
    for _ in range(_ELIGIBILITY_BATCHES):
        async with database.begin() as db:
            is_busy = await eligibility_actions.decide_due(db, now=utc_now()) > 0
        if not is_busy:
            async with database.begin() as db:
                is_busy = await eligibility_actions.sweep_on(db, now=utc_now())
        if not is_busy:
            return


@jobs.task(with_settings=True)
async def work_on_import(database: Database, *, settings: CatalogSettings, batch_id: str) -> None:
    """Check an uploaded file, or write its rows, as far as it goes by itself."""
    await work_on(_workplace(database, settings), UUID(batch_id))


@jobs.periodic("* * * * *", with_settings=True)
async def go_on_with_imports(database: Database, *, settings: CatalogSettings) -> None:
    """Each minute, take up the imports whose worker is gone, from their checkpoint."""
    async with database.read() as db:
        waiting = await import_queries.list_waiting(db, now=utc_now())
    for batch_id in waiting:
        await work_on(_workplace(database, settings), batch_id)


@jobs.periodic("40 17 * * *", with_settings=True)
async def clear_old_imports(database: Database, *, settings: CatalogSettings) -> None:
    """Each night (01:40 in Shanghai), forget the rows and files of imports that ended long ago."""
    files = open_files(settings.files_url)
    while True:
        async with database.begin() as db:
            if not await import_actions.clear_outdated(db, files, now=utc_now(), kept=settings.import_rows_kept):
                return


def _workplace(database: Database, settings: CatalogSettings) -> Workplace:
    return Workplace(database, open_files(settings.files_url), settings, new_id(), utc_now)


@jobs.periodic("* * * * *")
async def turn_standings(database: Database) -> None:
    """Each minute: recognise what was on notice long enough, end recognitions, credit placements and brand grants whose
    last day is past, and tell the subscribers of new directories; a batch a transaction."""
    now = utc_now()
    for turn in (
        recognition_actions.turn_days,
        credit_actions.end_due,
        brand_actions.expire_grants,
        directory_actions.tell_subscribers,
    ):
        is_more: int | bool = True
        while is_more:
            async with database.begin() as db:
                is_more = await turn(db, now=now)
