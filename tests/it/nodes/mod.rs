//! Several nodes on one PostgreSQL database: they hear each other, follow each other's changes, fire each timer once
//! and take over from each other. The clock stands still, so that no slow poll can stand in for what is heard.

mod setup;
mod start;
mod tls;
mod work;
