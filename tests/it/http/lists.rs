//! Common parameters of lists, the cursor, and the envelope.

use antiphon::http::lists::{Cursor, Order, Page, Paging};
use antiphon::http::parameters::Parameters;
use proptest::prelude::*;

fn paging(query: &str) -> Result<Paging, Vec<String>> {
    let mut parameters = Parameters::of(query);
    let paging = Paging::take(&mut parameters);
    match parameters.finish() {
        Ok(()) => Ok(paging),
        Err(problem) => {
            Err(problem.errors().iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect())
        }
    }
}

#[test]
fn parameters_have_defaults_and_limits() {
    let plain = paging("").unwrap();
    assert_eq!((plain.limit, plain.order, plain.cursor), (100, Order::Ascending, None));
    let full = paging(
        "limit=1000&order=desc&from=2026-11-01T00:00:00Z&to=2026-11-21T01:00:00%2B01:00&updatedAfter=2026-11-20T01:00:00+01:00",
    )
    .unwrap();
    assert_eq!((full.limit, full.order), (1_000, Order::Descending));
    assert_eq!(full.to, Some("2026-11-21T00:00:00Z".parse().unwrap()));
    assert_eq!(full.updated_after, Some("2026-11-20T00:00:00Z".parse().unwrap()));
    for (query, fault) in [
        ("limit=0", "?limit invalid_param"),
        ("limit=1001", "?limit invalid_param"),
        ("limit=-1", "?limit invalid_param"),
        ("limit=%2B5", "?limit invalid_param"),
        ("limit=ten", "?limit invalid_param"),
        ("order=ASC", "?order invalid_param"),
        ("cursor=abc", "?cursor invalid_param"),
        ("from=yesterday", "?from invalid_param"),
        ("to=2026-11-21", "?to invalid_param"),
        ("from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "?to invalid_param"),
        ("offset=10", "?offset unknown_param"),
        ("Limit=10", "?Limit unknown_param"),
        ("limit=1&limit=2", "?limit duplicate_param"),
        ("cursor=%00", "?cursor invalid_param"),
    ] {
        assert_eq!(paging(query).unwrap_err(), [fault], "{query}");
    }
    assert_eq!(paging("limit=x&order=y&z=1").unwrap_err().len(), 3);
}

#[test]
fn further_parameters_are_taken_by_name_or_prefix() {
    let mut parameters = Parameters::of("var.queueKey=sales&var.x=&isTest=true&var.=1&surveyId=a+b%C3%A6");
    assert_eq!(
        parameters.prefixed("var."),
        [("queueKey".to_owned(), "sales".to_owned()), ("x".to_owned(), String::new())]
    );
    assert_eq!(parameters.boolean("isTest"), Some(true));
    assert_eq!(parameters.text("surveyId").as_deref(), Some("a bæ"));
    let problem = parameters.finish().unwrap_err();
    assert_eq!(problem.errors()[0].pointer, "?var.");
}

fn item(n: u32) -> (u32, Cursor) {
    let at = "2026-11-21T06:00:00.000001Z".parse().unwrap();
    (n, Cursor { updated_at: at, id: format!("id-{n}") })
}

#[test]
fn the_last_page_keeps_its_cursor_and_an_empty_list_has_none() {
    let mut two = paging("limit=2").unwrap();
    let page = |found: Vec<(u32, Cursor)>, paging: &Paging| {
        let page = Page::new(found, paging, |(_, cursor)| cursor.clone());
        (page.data.len(), page.next_cursor.map(|text| Cursor::decode(&text).unwrap().id), page.has_more)
    };
    assert_eq!(page(vec![item(1), item(2), item(3)], &two), (2, Some("id-2".to_owned()), true));
    assert_eq!(page(vec![item(1), item(2)], &two), (2, Some("id-2".to_owned()), false));
    assert_eq!(page(vec![], &two), (0, None, false));
    two.cursor = Some(item(7).1);
    assert_eq!(page(vec![], &two), (0, Some("id-7".to_owned()), false));
    let empty: Page<u32> = Page { data: vec![], next_cursor: None, has_more: false };
    assert_eq!(serde_json::to_string(&empty).unwrap(), r#"{"data":[],"nextCursor":null,"hasMore":false}"#);
}

proptest! {
    #[test]
    fn cursors_read_back_and_strange_ones_never_panic(micros in -1_000_000_000_000_000_i64..4_000_000_000_000_000, id in "[a-z0-9:-]{1,64}", junk in "\\PC{0,40}") {
        let cursor = Cursor { updated_at: chrono::DateTime::from_timestamp_micros(micros).unwrap(), id };
        prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        let _ = Cursor::decode(&junk);
    }
}
