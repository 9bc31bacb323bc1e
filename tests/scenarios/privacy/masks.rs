//! The ready set of masks, on the wire.

use serde_json::json;

use super::bodies;
use crate::support::{LONG, scenario, spans_of};

const SECRETS: [&str; 6] = [
    "sk-proj-AbC123dEf456GhI789",
    "ann.lee@example.com",
    "4111 1111 1111 1111",
    "4111111111111111",
    "hunter2hunter2",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
];

#[test]
fn no_secret_is_on_the_wire_and_the_rest_is() {
    scenario(
        || {
            // What an earlier hook has replaced may still be cut amid a secret.
            let again = |field: &mut bento::Field<'_>| {
                if let Some(text) = field.text().map(str::to_owned) {
                    field.replace(text);
                }
            };
            let builder = bento::builder().redact(again).redact(bento::Masks::all());
            let _bento = builder.value_bytes(2_000).init().unwrap();
            let arguments =
                json!({"to": SECRETS[1], "password": SECRETS[4], "card": 4_111_111_111_111_111_i64});
            bento::track_ai("mail")
                .user_id(SECRETS[1])
                .tags(["env:prod", SECRETS[0]])
                .input(json!([{"content": format!("use\n{}", SECRETS[0]), "role": "user"}]))
                .output(json!({"tool": "send", "arguments": arguments.to_string()}))
                .property("password", SECRETS[4])
                .property("card", 4_111_111_111_111_111_i64)
                .property("git.token", SECRETS[5])
                .property("took", 1_700_000_000_123_456_789_i64)
                .property("request_id", "0af7651916cd43dd8448eb211c80319c")
                .tokens(120, 31)
                .send();
            // The limit cuts the key after some of its characters.
            let long = format!("{} {}", "x ".repeat(990), SECRETS[0]);
            bento::tool_span("cut").input(long).error(&format!("denied: password={}", SECRETS[4])).send();
            bento::flush(LONG).unwrap();
            assert_eq!(bento::status().panics(), 0);
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let bodies = bodies(&requests);
            for secret in SECRETS {
                assert!(!bodies.contains(secret), "{secret}: {bodies}");
            }
            assert!(!bodies.contains("sk-pro"), "{bodies}");
            let attributes = spans_of(&requests)[0]["attributes"].as_array().unwrap().clone();
            let value = |key: &str| {
                let found = attributes.iter().find(|pair| pair["key"] == key);
                found.map(|pair| pair["value"].as_object().unwrap().values().next().unwrap().clone())
            };
            assert_eq!(value("gen_ai.user.id"), Some("[e-mail]".into()));
            assert_eq!(value("input.value"), Some(r#"[{"content":"use\n[api-key]","role":"user"}]"#.into()));
            let output: serde_json::Value =
                serde_json::from_str(value("output.value").unwrap().as_str().unwrap()).unwrap();
            let arguments: serde_json::Value =
                serde_json::from_str(output["arguments"].as_str().unwrap()).unwrap();
            assert_eq!(arguments, json!({"to": "[e-mail]", "password": "[secret]", "card": "[card]"}));
            assert_eq!(value("password"), Some("[secret]".into()));
            assert_eq!(value("card"), Some("[card]".into()));
            assert_eq!(value("took"), Some("1700000000123456789".into()));
            assert_eq!(value("request_id"), Some("0af7651916cd43dd8448eb211c80319c".into()));
            assert_eq!(value("gen_ai.usage.input_tokens"), Some("120".into()));
        },
    );
}

#[test]
fn neither_a_key_nor_what_is_said_of_a_value_tells_a_secret() {
    struct Fails(&'static str);
    impl serde::Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(self.0))
        }
    }
    scenario(
        || {
            let _bento = bento::builder().redact(bento::Masks::all()).value_bytes(100).init().unwrap();
            bento::track_ai("answer")
                .property("password", Fails("no port in hunter2hunter2"))
                .property("bento.password", "hunter2hunter2")
                .property("bento.truncated.api_key", "hunter2hunter2")
                .property("note", Fails("of ann.lee@example.com"))
                .property("query", Fails("too deep"))
                .property("secret", "x ".repeat(100))
                .property("ann.lee@example.com", "VIP")
                .property("list.of.ann.lee@example.com", ["VIP"])
                .property("ghp_0123456789abcdefghijABCDEFGHIJ012345", 7)
                .property("used password=hunter2hunter2", true)
                .property("Plan 7: size", "big")
                .send();
            bento::flush(LONG).unwrap();
        },
        |child| {
            let server = child.delivers();
            let requests = server.requests();
            let bodies = bodies(&requests);
            for secret in SECRETS.into_iter().chain(["VIP"]) {
                assert!(!bodies.contains(secret), "{secret}: {bodies}");
            }
            let attributes = spans_of(&requests)[0]["attributes"].as_array().unwrap().clone();
            let value = |key: &str| {
                let found = attributes.iter().find(|pair| pair["key"] == key);
                found.map(|pair| pair["value"].as_object().unwrap().values().next().unwrap().clone())
            };
            assert_eq!(value("bento.password"), Some("[secret]".into()));
            assert_eq!(value("bento.unserializable.note"), Some("of [e-mail]".into()));
            assert_eq!(value("bento.unserializable.query"), Some("too deep".into()));
            assert_eq!(value("secret"), Some("[secret]".into()));
            assert_eq!(value("bento.truncated.secret"), Some("200".into()));
            assert_eq!(value("Plan 7: size"), Some("big".into()));
        },
    );
}
