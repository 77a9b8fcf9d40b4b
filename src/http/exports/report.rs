//! Reports (http-api.md 9.2): the figures of a survey.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{faults, unreadable};
use crate::app::export::World;
use crate::app::failure::Failure;
use crate::app::report::{self, Report, ReportFormat};
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::problem::Problem;
use crate::http::surveys::visible;

/// The figures of a survey, by group: counts of sessions, rates with their intervals, and each question with its
/// distribution. What each figure means stands in `definitions`.
///
/// # Errors
/// 404 `survey_not_found`; 422 for the options.
#[utoipa::path(
    get,
    path = "/v1/surveys/{survey}/report",
    tag = "reports",
    params(
        ("survey" = String, Path, description = "Slug or UUID"),
        (
            "groupBy" = Option<String>,
            Query,
            description = "At most 4 of `country`, `language`, `revision`, `day`, `hour`, `weekday` and session \
                           variables such as `queueKey`, with commas"
        ),
        ("from" = Option<String>, Query, description = "Sessions of this time or later; see `dateField`"),
        ("to" = Option<String>, Query, description = "Sessions before this time"),
        (
            "dateField" = Option<String>,
            Query,
            description = "What `from` and `to` are about: `started_at` (default), `completed_at` or `updated_at`"
        ),
        ("status" = Option<String>, Query, description = "One or more states of sessions, with commas"),
        ("language" = Option<String>, Query, description = "Language of sessions"),
        ("var.queueKey" = Option<String>, Query, description = "`var.` and any variable: its exact value"),
        ("includeTest" = Option<bool>, Query, description = "Test sessions too"),
        ("tz" = Option<String>, Query, description = "Zone of days and hours: `UTC` (default) or an IANA name"),
        ("format" = Option<String>, Query, description = "`json` (default) or `csv`")
    ),
    responses(
        (
            status = 200,
            description = "The figures",
            content((Object = "application/json"), (String = "text/csv"))
        ),
        (status = 404, description = "`survey_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("reports:read")))
)]
pub async fn report(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    survey: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let row = visible(&api, &caller, &survey)?;
    let Query(given) = Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map_err(|_| faults(&[unreadable()]))?;
    let mut options = report::options::read(&given).map_err(|wrong| faults(&wrong))?;
    options.filter.channel_ids = caller.key().channels.as_ref().map(|ids| ids.iter().cloned().collect());
    let store = &api.engine.store;
    let world = World::of(&api.engine);
    let begun = store.read(move |connection| Report::begin(connection, world, &row.id, options));
    let mut report = begun.await.map_err(Failure::from)?.map_err(|wrong| faults(&wrong))?;
    loop {
        let read = store.read(move |connection| {
            let more = report.next(connection)?;
            Ok((report, more))
        });
        let (counted, more) = read.await.map_err(Failure::from)?;
        report = counted;
        if !more.map_err(|wrong| faults(&[wrong]))? {
            break;
        }
    }
    Ok(match report.options.format {
        ReportFormat::Json => HttpResponse::Ok().json(report.json()),
        ReportFormat::Csv => {
            HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/csv; charset=utf-8")).body(report.csv())
        }
    })
}
