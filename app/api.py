"""All routes. Paths end in "/"; the middleware accepts them without it as well."""

from __future__ import annotations

from fastapi import APIRouter

from app.admin import endpoints as admin
from app.analytics import endpoints as analytics
from app.application import endpoints as application
from app.auth import endpoints as auth
from app.dashboard import endpoints as dashboard
from app.docs import endpoints as docs
from app.event import endpoints as event
from app.health import endpoints as health
from app.job import endpoints as job
from app.organization import endpoints as organization
from app.reading import endpoints as reading
from app.receipt import endpoints as receipt
from app.recommendation import endpoints as recommendation
from app.recommendation import why_not_endpoints as why_not
from app.resume import endpoints as resume
from app.resume import reading_endpoints as resume_reading
from app.scoring import endpoints as scoring
from app.search import endpoints as search
from app.search import saved_endpoints as saved_searches
from app.user import account_endpoints as account
from app.user import endpoints as user
from app.web import (
    about_endpoints,
    alert_endpoints,
    assets,
    company_endpoints,
    compare_endpoints,
    data_endpoints,
    feed_endpoints,
    home_endpoints,
    job_endpoints,
    lab_endpoints,
    onboarding_endpoints,
    recovery_endpoints,
    resume_edit_endpoints,
    resume_endpoints,
    resume_profile_endpoints,
    search_endpoints,
    security_endpoints,
    seeker_endpoints,
    settings_endpoints,
    trial_endpoints,
)
from app.web import account_endpoints as web_account
from app.web import admin_bulk_endpoints as admin_bulk
from app.web import admin_endpoints as admin_web
from app.web import admin_job_endpoints as admin_jobs
from app.web import admin_user_endpoints as admin_users

#: Bytes of a JSON body. A route that takes files sets its own.
MAX_BODY = 1_000_000
#: Of a form: ten thousand letters, each written as several signs.
MAX_FORM = 200_000


def routes() -> APIRouter:
    product = APIRouter(prefix="/api/v1", max_body_size=MAX_BODY)
    for module in (search, auth, user, organization, job, application, resume, event, dashboard, admin):
        product.include_router(module.router)
    product.include_router(job.employer_router)
    for router in (account.router, user.media, saved_searches.router, resume_reading.router):
        product.include_router(router)
    matching = APIRouter(prefix="/api/v2", max_body_size=MAX_BODY)
    matching.include_router(recommendation.router)
    matching.include_router(why_not.router)
    matching.include_router(scoring.router)
    matching.include_router(receipt.router)
    matching.include_router(reading.router)
    matching.include_router(analytics.router)
    everything = APIRouter()
    web = APIRouter(max_body_size=MAX_FORM)
    for router in (
        web_account.router,
        web_account.personal,
        recovery_endpoints.router,
        recovery_endpoints.links,
        trial_endpoints.router,
        feed_endpoints.router,
        compare_endpoints.router,  # before the postings: "compare" is none
        onboarding_endpoints.router,
        alert_endpoints.router,
        lab_endpoints.router,
        settings_endpoints.router,
        security_endpoints.router,
        data_endpoints.router,
        data_endpoints.receipts,
        home_endpoints.router,
        search_endpoints.router,
        job_endpoints.router,
        company_endpoints.router,
        about_endpoints.router,
        seeker_endpoints.router,
        resume_endpoints.router,
        resume_edit_endpoints.router,
        resume_profile_endpoints.router,
        assets.router,
        admin_web.router,
        admin_bulk.router,  # before the postings: "bulk" is none
        admin_jobs.router,
        admin_users.router,
    ):
        web.include_router(router)
    # routes are tried in order: the busiest first
    for router in (matching, product, health.router, docs.router, web):
        everything.include_router(router)
    return everything
