//! `multipart/form-data` (RFC 7578): its fields, files included, as bytes. The libraries for it are made for streams
//! of uploads; a callback is at most 64 KiB and wholly there.

use super::document::Fields;

/// Most parts of a body (RS7).
const PARTS_MAX: usize = 1_000;

/// Reads a body by the boundary that the content type states.
///
/// # Errors
/// Why it cannot be read.
pub fn read(body: &[u8], content_type: Option<&str>) -> Result<Fields, &'static str> {
    let boundary = content_type.and_then(boundary).ok_or("the content type states no boundary")?;
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut pieces = split(body, &delimiter).into_iter();
    // What stands before the first delimiter counts for nothing.
    pieces.next();
    let mut fields = Fields::new();
    for piece in pieces.take(PARTS_MAX) {
        if piece.starts_with(b"--") {
            return Ok(fields);
        }
        fields.extend(field(piece));
    }
    Err("the last part of the body is missing")
}

/// The parameter `boundary`, quoted or not.
fn boundary(content_type: &str) -> Option<String> {
    let found = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    });
    found.filter(|boundary| !boundary.is_empty())
}

/// One part: headers, an empty line, the value. A part without a name is left out.
fn field(piece: &[u8]) -> Option<(String, Vec<u8>)> {
    let piece = piece.strip_prefix(b"\r\n").unwrap_or(piece);
    let piece = piece.strip_suffix(b"\r\n").unwrap_or(piece);
    let end = piece.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, value) = piece.split_at_checked(end)?;
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then(|| value.to_owned())
    })?;
    let name = disposition.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("name").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    Some((name, value.get(4..).unwrap_or_default().to_vec()))
}

fn split<'b>(body: &'b [u8], delimiter: &[u8]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.windows(delimiter.len()).position(|window| window == delimiter) {
        let (before, found) = rest.split_at(at);
        pieces.push(before);
        rest = found.get(delimiter.len()..).unwrap_or_default();
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_multipart_form_are_read() {
        let body = "before\r\n--b0\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\n+4791234567\r\n--b0\r\n\
                    content-disposition: form-data; name=text; filename=\"x\"\r\nContent-Type: text/plain\r\n\r\n\
                    Blåbær\r\n\r\n\r\n--b0\r\nX: y\r\n\r\nnameless\r\n--b0--\r\n";
        let fields = read(body.as_bytes(), Some("multipart/form-data; boundary=\"b0\"")).unwrap();
        let expected: Fields =
            vec![("from".into(), b"+4791234567".to_vec()), ("text".into(), "Blåbær\r\n\r\n".into())];
        assert_eq!(fields, expected);
        assert!(read(b"--b0\r\n", Some("multipart/form-data; boundary=b0")).is_err());
        assert!(read(b"", Some("multipart/form-data")).is_err());
        assert!(read(b"", None).is_err());
    }
}
