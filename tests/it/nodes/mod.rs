//! Several nodes on one PostgreSQL database.

mod tls;
