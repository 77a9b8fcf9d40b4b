
mod replies;
