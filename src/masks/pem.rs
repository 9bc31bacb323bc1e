//! Private keys in PEM form.

use once_cell::sync::Lazy;
use regex::Regex;

use super::place::{Levels, enclosed};
use super::{Edits, Pattern};

const MASK: &str = "[private-key]";

static BEGIN: Pattern =
    Lazy::new(|| Regex::new("-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----").ok());
static END: Pattern = Lazy::new(|| Regex::new("-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----").ok());

/// What stands between the lines that begin and end a key may have headers and any blanks, escaped ones too, so all of it
/// goes; where the end is missing, as in a text that was cut, all that follows in the same text.
pub(super) fn find(text: &str, edits: &mut Edits) {
    let (Some(begin), Some(end)) = (&*BEGIN, &*END) else { return };
    let mut levels = Levels::of(text);
    let mut from = 0;
    while let Some(found) = begin.find_at(text, from) {
        let rest = &text[found.end()..];
        let rest = &rest[..enclosed(rest, levels.around(found.start()))];
        from = found.end() + end.find(rest).map_or(rest.len(), |end| end.end());
        edits.replace(found.start()..from, MASK);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Masks;

    #[test]
    fn all_of_a_key_goes_whatever_stands_in_it() {
        let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A1B\n\n\
            SECRETsecret+/=\n-----END RSA PRIVATE KEY-----";
        let indented =
            "-----BEGIN OPENSSH PRIVATE KEY-----\r\n\t\tSECRET\r\n\t\t-----END OPENSSH PRIVATE KEY-----";
        let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1 (a_b!)\n\nSECRET\n=abcd\n\
            -----END PGP PRIVATE KEY BLOCK-----";
        for key in [encrypted, indented, pgp] {
            for text in
                [key.to_owned(), key.replace('\n', "\\n").replace('\t', "\\t"), key.replace('\n', "\\u000a")]
            {
                let text = format!("a {text}\nb");
                assert_eq!(Masks::api_keys().mask(&text), "a [private-key]\nb", "{text}");
                let without_end = &text[..text.len() - 20];
                assert_eq!(Masks::api_keys().mask(without_end), "a [private-key]", "{without_end}");
                let json = json!({ "pem": text, "x": 1 }).to_string();
                for json in [json.replace("\\n", "\\u000a"), json] {
                    assert_eq!(
                        Masks::api_keys().mask(&json),
                        r#"{"pem":"a [private-key]\nb","x":1}"#
                            .replace("\\n", if json.contains("\\nb\"") { "\\n" } else { "\\u000a" })
                    );
                }
                let mut value = json!({ "pem": without_end, "x": 1 });
                let mut expected = json!({ "pem": "a [private-key]", "x": 1 });
                for _ in 0..4 {
                    assert_eq!(Masks::api_keys().mask(&value.to_string()), expected.to_string());
                    value = json!({ "arguments": value.to_string() });
                    expected = json!({ "arguments": expected.to_string() });
                }
            }
        }
    }

    #[test]
    fn keys_that_are_public_stay() {
        let text = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----";
        assert_eq!(Masks::all().mask(text), text);
    }
}
