//! Lists (http-api.md 1.5): their common parameters, the opaque cursor, and the envelope. Order is by
//! (`updatedAt`, `id`); there is no offset. Every list is read with [`Paging::of`] and described in OpenAPI by
//! [`Paging`] and [`Page`].

use actix_web::HttpRequest;
use serde::Serialize;

use super::parameters::Parameters;
use super::problem::{FaultCode, Problem};
use crate::clock::Timestamp;

pub use crate::app::cursor::Cursor;

/// Most items on a page.
pub const LIMIT_MAX: usize = 1_000;
/// Items on a page when the caller does not say.
pub const LIMIT_DEFAULT: usize = 100;

/// Direction of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest change first: what a poller wants.
    Ascending,
    /// Latest change first.
    Descending,
}

/// The parameters every list takes.
#[derive(Clone, Debug, PartialEq, Eq, utoipa::IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Paging {
    /// Created at this time or later
    #[param(value_type = Option<String>)]
    pub from: Option<Timestamp>,
    /// Created before this time
    #[param(value_type = Option<String>)]
    pub to: Option<Timestamp>,
    /// Changed after this time
    #[param(value_type = Option<String>)]
    pub updated_after: Option<Timestamp>,
    /// 1 to 1000; default 100
    #[param(value_type = Option<u32>)]
    pub limit: usize,
    /// `nextCursor` of an earlier answer
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
    /// `asc` or `desc` by time of change
    #[param(value_type = Option<String>)]
    pub order: Order,
}

impl Paging {
    /// Reads a whole query: the common parameters, and the list's own ones with `own`.
    ///
    /// # Errors
    /// 422 `validation_failed` with every fault, unknown parameters included.
    pub fn of<T>(
        request: &HttpRequest,
        own: impl FnOnce(&mut Parameters) -> T,
    ) -> Result<(Self, T), Problem> {
        let mut parameters = Parameters::of(request.query_string());
        let paging = Self::take(&mut parameters);
        let own = own(&mut parameters);
        parameters.finish()?;
        Ok((paging, own))
    }

    /// Takes the common parameters out of a query; faults stay with the query.
    #[must_use]
    pub fn take(parameters: &mut Parameters) -> Self {
        let paging = Self {
            limit: limit(parameters),
            cursor: cursor(parameters),
            order: parameters
                .word("order", &[("asc", Order::Ascending), ("desc", Order::Descending)])
                .unwrap_or(Order::Ascending),
            from: parameters.time("from"),
            to: parameters.time("to"),
            updated_after: parameters.time("updatedAfter"),
        };
        if let (Some(from), Some(to)) = (paging.from, paging.to)
            && from > to
        {
            parameters.fault("to", FaultCode::InvalidParam, "to is before from");
        }
        paging
    }
}

fn limit(parameters: &mut Parameters) -> usize {
    let Some(text) = parameters.text("limit") else {
        return LIMIT_DEFAULT;
    };
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| is_digits && (1..=LIMIT_MAX).contains(limit));
    limit.unwrap_or_else(|| {
        let detail = format!("use a whole number from 1 to {LIMIT_MAX}");
        parameters.fault("limit", FaultCode::InvalidParam, detail);
        LIMIT_DEFAULT
    })
}

fn cursor(parameters: &mut Parameters) -> Option<Cursor> {
    let text = parameters.text("cursor")?;
    let cursor = Cursor::decode(&text);
    if cursor.is_none() {
        let detail = "use nextCursor of an earlier answer, unchanged";
        parameters.fault("cursor", FaultCode::InvalidParam, detail);
    }
    cursor
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// Pass it as `cursor` to go on; given on the last page too, `null` only when nothing was ever listed.
    pub next_cursor: Option<String>,
    /// Whether more items are waiting now.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// A list that is always given whole.
    #[must_use]
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None, has_more: false }
    }

    /// The same page with its items rendered.
    #[must_use]
    pub fn map<U>(self, render: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(render).collect(),
            next_cursor: self.next_cursor,
            has_more: self.has_more,
        }
    }

    /// A page out of a short list that is in memory as a whole. `place_of` tells where an item stands and when
    /// it was made.
    #[must_use]
    pub fn of_all(items: Vec<T>, paging: &Paging, place_of: impl Fn(&T) -> (Cursor, Timestamp)) -> Self {
        let is_wanted = |cursor: &Cursor, made: Timestamp| {
            let is_beyond = paging.cursor.as_ref().is_none_or(|last| match paging.order {
                Order::Ascending => cursor > last,
                Order::Descending => cursor < last,
            });
            is_beyond
                && paging.from.is_none_or(|from| made >= from)
                && paging.to.is_none_or(|to| made < to)
                && paging.updated_after.is_none_or(|after| cursor.updated_at > after)
        };
        let mut found: Vec<(Cursor, T)> = items
            .into_iter()
            .map(|item| (place_of(&item), item))
            .filter(|((cursor, made), _)| is_wanted(cursor, *made))
            .map(|((cursor, _), item)| (cursor, item))
            .collect();
        found.sort_by(|(a, _), (b, _)| match paging.order {
            Order::Ascending => a.cmp(b),
            Order::Descending => b.cmp(a),
        });
        let has_more = found.len() > paging.limit;
        found.truncate(paging.limit);
        let next = found.last().map(|(cursor, _)| cursor.clone()).or_else(|| paging.cursor.clone());
        Self {
            data: found.into_iter().map(|(_, item)| item).collect(),
            next_cursor: next.map(|cursor| cursor.encode()),
            has_more,
        }
    }

    /// A page of at most `paging.limit` items out of `found`, which holds one item more when there are more.
    /// `cursor_of` tells where an item stands.
    #[must_use]
    pub fn new(mut found: Vec<T>, paging: &Paging, cursor_of: impl Fn(&T) -> Cursor) -> Self {
        let has_more = found.len() > paging.limit;
        found.truncate(paging.limit);
        let next = found.last().map(cursor_of).or_else(|| paging.cursor.clone());
        Self { data: found, next_cursor: next.map(|cursor| cursor.encode()), has_more }
    }
}
