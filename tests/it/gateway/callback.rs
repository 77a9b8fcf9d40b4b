//! What generic callbacks hold: inbound and reports, alone and in batches, good and bad (GW12, GW3, A84).

use antiphon::gateway::{
    Callback, CallbackItem, Flag, Gateway, Inbound, Report, ReportState, inbound_json, report_json,
};

use super::opened;

pub fn gateway() -> Gateway {
    opened::gateway("profile = \"simulator\"")
}

fn parse(body: impl AsRef<[u8]>) -> Vec<CallbackItem> {
    gateway().parse(&Callback {
        method: "POST",
        target: "/",
        headers: &[],
        path_secret: None,
        address: None,
        body: body.as_ref(),
    })
}

fn inbound(body: &str) -> Inbound {
    match parse(body).as_slice() {
        [CallbackItem::Inbound(inbound)] => inbound.clone(),
        other => panic!("{body}: {other:?}"),
    }
}

fn report(body: &str) -> Report {
    match parse(body).as_slice() {
        [CallbackItem::Report(report)] => report.clone(),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn an_inbound_sms_has_all_its_fields() {
    let sms = inbound(
        r#"{"messageId":"e61b0c","from":"+4799999999","to":" 2012","text":"2, ventet i 40 minutter\n","sessionId":"784512","receivedAt":"2026-11-21T07:03:10.1234567+01:00"}"#,
    );
    let expected = Inbound {
        id: Some("e61b0c".into()),
        from: "+4799999999".into(),
        to: " 2012".into(),
        text: "2, ventet i 40 minutter\n".into(),
        session: Some("784512".into()),
        reply_to: None,
        intent: None,
        provider_at: Some("2026-11-21T06:03:10.123456Z".parse().unwrap()),
        flags: vec![],
        concat: None,
    };
    assert_eq!(sms, expected);
    assert_eq!(inbound(&inbound_json(&expected).to_string()), expected);
}

#[test]
fn what_is_missing_or_odd_but_not_needed_is_no_fault() {
    let sms = inbound(
        r#"{"FROM":"+4799999999","To":2012,"MESSAGEID":"","sessionId":null,"receivedAt":"yesterday"}"#,
    );
    assert_eq!((sms.id, sms.session, sms.text.as_str(), sms.to.as_str()), (None, None, "", "2012"));
    assert_eq!(sms.flags, [Flag::UnreadableTime]);
    assert_eq!(inbound(r#"{"from":"Nordlys","to":"2012","text":5}"#).text, "5");
    assert_eq!(inbound(r#"{"from":"a","to":"b","text":"","extra":[1]}"#).text, "");
    let cut = inbound("{\"from\":\"a\",\"to\":\"b\",\"text\":\"8 \\ud83d\"}");
    assert_eq!((cut.text.as_str(), cut.flags.as_slice()), ("8 \u{fffd}", [Flag::InvalidUtf8].as_slice()));
}

#[test]
fn bytes_that_are_no_text_are_kept_and_flagged_on_their_item_alone() {
    let items = parse(
        b"[{\"from\":\"a\",\"to\":\"b\",\"text\":\"\xff8\"},{\"from\":\"a\",\"to\":\"b\",\"text\":\"9\"}]",
    );
    let flags: Vec<Vec<Flag>> = items
        .into_iter()
        .map(|item| match item {
            CallbackItem::Inbound(inbound) => inbound.flags,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(flags, [vec![Flag::InvalidUtf8], vec![]]);
}

#[test]
fn a_report_needs_an_id_and_a_state() {
    let full =
        report(r#"{"ref":"abc","messageId":"m1","state":"UNDELIVERED","reason":"no such subscriber"}"#);
    assert_eq!(full.state, ReportState::Undelivered);
    assert_eq!((full.our_ref.as_deref(), full.external_id.as_deref()), (Some("abc"), Some("m1")));
    assert_eq!(full.reason.as_deref(), Some("no such subscriber"));
    assert_eq!(report(&report_json(&full).to_string()), full);
    for (word, state) in [
        ("accepted", ReportState::Accepted),
        ("delivered", ReportState::Delivered),
        ("expired", ReportState::Expired),
        ("rejected", ReportState::Rejected),
        ("enroute", ReportState::Unmapped),
    ] {
        assert_eq!(report(&format!(r#"{{"messageId":"m1","state":"{word}"}}"#)).state, state);
    }
    assert!(matches!(parse(r#"{"state":"delivered"}"#).as_slice(), [CallbackItem::Dead { .. }]));
}

#[test]
fn a_bad_item_becomes_dead_and_does_not_spoil_the_rest() {
    let items = parse(
        r#"[{"from":"+4799999999","to":"2012","text":"1"}, 7, {"from":"+4799999999","text":"x"},
            {"to":"2012","text":"x"}, {"from":" ","to":"2012","text":"x"}, {"hello":1},
            {"from":"a","to":"b","text":["x"]}, {"state":"delivered","ref":"abc"}, {"ref":"abc"}]"#,
    );
    let kinds: Vec<&str> = items
        .iter()
        .map(|item| match item {
            CallbackItem::Inbound(_) => "inbound",
            CallbackItem::Report(_) => "report",
            CallbackItem::Dead { .. } => "dead",
        })
        .collect();
    assert_eq!(kinds, ["inbound", "dead", "dead", "dead", "dead", "dead", "dead", "report", "dead"]);
    assert!(
        items.iter().any(|item| matches!(item, CallbackItem::Dead { raw, .. } if raw == r#"{"method":"POST","document":[{"hello":1}]}"#))
    );
}

#[test]
fn no_body_makes_it_fail() {
    assert!(parse("[]").is_empty());
    for body in
        ["", "null", "7", "{", "from=1&to=2", "\u{feff}", "[[{}]]", "{\"from\":{},\"to\":[],\"text\":{}}"]
    {
        assert!(matches!(parse(body).as_slice(), [CallbackItem::Dead { .. }]), "{body}");
    }
    assert!(matches!(parse("[".repeat(60_000)).as_slice(), [CallbackItem::Dead { .. }]));
}

#[test]
fn other_content_types_are_not_read() {
    for good in
        [None, Some("application/json"), Some("Application/JSON; charset=utf-8"), Some("application/x+json")]
    {
        assert!(gateway().reads("POST", good), "{good:?}");
    }
    for bad in ["text/xml", "application/x-www-form-urlencoded", ""] {
        assert!(!gateway().reads("POST", Some(bad)), "{bad}");
    }
}
