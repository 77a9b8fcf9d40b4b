//! A workbook, made as a whole in a temporary file and then sent: its first bytes depend on its last.

use std::io::{Read as _, Seek as _};

use actix_web::{HttpResponse, HttpResponseBuilder, web};
use futures_util::stream;

use crate::app::engine::Engine;
use crate::app::export::{Export, WorkbookError, World, write_workbook};
use crate::app::failure::Failure;
use crate::http::problem::Problem;

/// Bytes sent at a time.
const CHUNK: usize = 64 * 1024;

/// Makes it and sends it.
pub(super) async fn send(
    engine: &Engine,
    export: Export,
    mut response: HttpResponseBuilder,
) -> Result<HttpResponse, Problem> {
    let (store, world) = (engine.store.clone(), World::of(engine));
    let made = web::block(move || {
        let mut connection = store.command_connection().map_err(WorkbookError::Store)?;
        let mut file = tempfile::tempfile().map_err(WorkbookError::File)?;
        write_workbook(&mut connection, &world, export, &file)?;
        file.rewind().map_err(WorkbookError::File)?;
        Ok(file)
    });
    let file = made.await.map_err(|_| Failure::Internal)?.map_err(failure)?;
    let chunks = stream::try_unfold(file, |mut file| async move {
        let read = web::block(move || {
            let mut bytes = Vec::with_capacity(CHUNK);
            let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
            file.by_ref().take(limit).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>((!bytes.is_empty()).then(|| (web::Bytes::from(bytes), file)))
        });
        match read.await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(_)) | Err(_) => Err(Failure::Internal),
        }
    });
    Ok(response.streaming(chunks))
}

fn failure(error: WorkbookError) -> Failure {
    match error {
        WorkbookError::Store(error) => error.into(),
        WorkbookError::Fault(error) => {
            tracing::error!(%error, "a workbook could not be written");
            Failure::Internal
        }
        WorkbookError::File(error) => {
            tracing::error!(%error, "a temporary file could not be written");
            Failure::Unavailable
        }
    }
}
