//! Exports (http-api.md 9.1): the rows of a survey as a file that is written while it is sent.

mod parameters;
pub mod report;
mod workbook;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use self::parameters::ExportParameters;
use super::api::Api;
use super::caller::Caller;
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use super::surveys::visible;
use crate::app::api_key::Scope;
use crate::app::engine::Engine;
use crate::app::export::options::ROWS_AT_ONCE_MAX;
use crate::app::export::{self, Export, ExportOptions, Format, Kind, OptionFault, TextFile, World, Wrong};
use crate::app::failure::Failure;

/// How many rows the file has.
const TOTAL_ROWS: &str = "X-Total-Rows";
/// Where reading goes on.
const NEXT_CURSOR: &str = "X-Next-Cursor";

/// The rows of a survey. The file is written while it is sent; when that fails the connection is cut, so that a short
/// file never looks complete. The header `X-Total-Rows` says how many rows it has, `X-Next-Cursor` where reading goes
/// on.
///
/// # Errors
/// 404 for the survey or the kind, 403 for personal data, 422 for the options.
#[utoipa::path(
    get,
    path = "/v1/surveys/{survey}/exports/{kind}",
    tag = "reports",
    params(
        ("survey" = String, Path, description = "Slug or UUID"),
        (
            "kind" = String,
            Path,
            description = "`responses`, `answers`, `messages`, `events`, `deliveries` or `codebook`"
        ),
        ExportParameters
    ),
    responses(
        (
            status = 200,
            description = "The file",
            content(
                (String = "text/csv"),
                (String = "application/x-ndjson"),
                (Object = "application/json"),
                (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
            )
        ),
        (status = 404, description = "`survey_not_found`, `route_not_found`"),
        (status = 422, description = "`validation_failed`, with `export_too_large` above 50,000 rows")
    ),
    extensions(("x-scope" = json!("reports:read")))
)]
pub async fn stream(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (survey, kind) = path.into_inner();
    let row = visible(&api, &caller, &survey)?;
    let Some(kind) = Kind::ALL.iter().copied().find(|known| known.as_str() == kind) else {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        let detail = format!("there is no such export; there are: {}", kinds.join(", "));
        return Err(Problem::new(ProblemCode::RouteNotFound, detail));
    };
    let Query(given) = Query::<Vec<(String, String)>>::from_query(request.query_string())
        .map_err(|_| faults(&[unreadable()]))?;
    let mut options = export::options::read(kind, &given).map_err(|wrong| faults(&wrong))?;
    if options.is_personal() {
        caller.require(Scope::PiiRead)?;
    }
    options.filter.channel_ids = caller.key().channels.as_ref().map(|ids| ids.iter().cloned().collect());
    let export = prepare(&api.engine, row.id.clone(), options).await?;
    if export.plan().view.options.is_personal() {
        note(&api.engine, &caller, &export).await?;
    }
    answer(&api.engine, export).await
}

async fn prepare(engine: &Engine, survey_id: String, options: ExportOptions) -> Result<Export, Problem> {
    let world = World::of(engine);
    let most = Some(ROWS_AT_ONCE_MAX);
    let prepared = engine
        .store
        .read(move |connection| Export::prepare(connection, &world, &survey_id, options, most))
        .await
        .map_err(Failure::from)?;
    prepared.map_err(|wrong| faults(&wrong))
}

/// Personal data leave the house: that is noted before the first byte does.
async fn note(engine: &Engine, caller: &Caller, export: &Export) -> Result<(), Problem> {
    let (actor, plan) = (caller.actor(), export.plan());
    let (survey_id, options) = (plan.survey_id.clone(), plan.view.options.clone());
    engine
        .store
        .change(
            move |connection, now| export::note_personal(connection, &actor, &survey_id, &options, now),
            |()| {},
        )
        .await
        .map_err(Failure::from)?;
    Ok(())
}

/// The file, read as fast as the caller takes it.
async fn answer(engine: &Engine, export: Export) -> Result<HttpResponse, Problem> {
    let plan = export.plan();
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, media_type(plan.view.options.format)))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", plan.file_name())))
        .insert_header((TOTAL_ROWS, plan.rows().to_string()));
    if let Some(cursor) = &plan.next_cursor {
        response.insert_header((NEXT_CURSOR, cursor.encode()));
    }
    let store = engine.store.clone();
    let file = match TextFile::of(export) {
        Ok(file) => file,
        Err(export) => return workbook::send(engine, *export, response).await,
    };
    let chunks = stream::try_unfold(file, move |mut file| {
        let store = store.clone();
        async move {
            let read = store.read(move |connection| {
                let bytes = file.next(connection)?;
                Ok(bytes.map(|bytes| (web::Bytes::from(bytes), file)))
            });
            read.await.map_err(Failure::from)
        }
    });
    Ok(response.streaming(chunks))
}

fn media_type(format: Format) -> &'static str {
    match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::JsonLines => "application/x-ndjson",
        Format::Json => "application/json",
        Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
}

fn unreadable() -> OptionFault {
    OptionFault { name: String::new(), wrong: Wrong::Value, detail: "the query cannot be read".to_owned() }
}

/// Faults of options as the API tells them.
fn faults(wrong: &[OptionFault]) -> Problem {
    let fault = |fault: &OptionFault| {
        let code = match fault.wrong {
            Wrong::Value => FaultCode::InvalidParam,
            Wrong::Unknown => FaultCode::UnknownParam,
            Wrong::Twice => FaultCode::DuplicateParam,
            Wrong::TooLarge => FaultCode::ExportTooLarge,
        };
        Fault::new(format!("?{}", fault.name), code, fault.detail.clone())
    };
    Problem::validation(wrong.iter().map(fault).collect())
}
