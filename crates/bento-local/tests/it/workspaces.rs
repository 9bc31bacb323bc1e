//! Workspaces, and which key sends where.

use serde_json::{Value, json};

use crate::wire::{TRACE, batch, call, form, get, of, post, server, span, trace};

#[test]
fn a_fresh_server_has_one_and_others_are_made_and_renamed() {
    let server = server();
    let local = json!({"id": "local", "name": "local"});
    assert_eq!(get(&server, "/workspaces").body, json!([local]));
    let made = |body: Value| {
        let answer = form(&server, "POST", "/workspaces", &body);
        assert_eq!(answer.status, 201, "{}", answer.detail());
        answer.body
    };
    assert_eq!(
        made(json!({"name": "  Team Größe #1 "})),
        json!({"id": "team-gr-e-1", "name": "Team Größe #1"})
    );
    assert_eq!(made(json!({"id": "7-x", "name": "日本", "more": 1})), json!({"id": "7-x", "name": "日本"}));
    let long = made(json!({"name": "ab ".repeat(60)}))["id"].as_str().unwrap().to_owned();
    assert!(long.len() <= 63 && long.starts_with("ab-ab") && !long.ends_with('-'), "{long}");
    let renamed = form(&server, "PATCH", "/workspaces/7-x", &json!({"name": "Nippon"}));
    assert_eq!((renamed.status, renamed.body), (200, json!({"id": "7-x", "name": "Nippon"})));
    let all = get(&server, "/workspaces").body;
    assert_eq!((&all[0], &all[2]), (&local, &json!({"id": "7-x", "name": "Nippon"})));
    assert_eq!(all.as_array().unwrap().len(), 4);
}

#[test]
fn what_cannot_be_made_or_renamed_says_why() {
    let server = server();
    for (body, status, reason) in [
        (json!({"name": "Local"}), 409, "another one"),
        (json!({"id": "local", "name": "x"}), 409, "another one"),
        (json!({"name": "日本"}), 422, "id: "),
        (json!({"name": ""}), 422, "name: it has to have 1 to 200 characters"),
        (json!({"name": "a\u{0}b"}), 422, "name: "),
        (json!({"name": "x".repeat(201)}), 422, "name: "),
        (json!({"name": "a\u{202e}b"}), 422, "name: "),
        (json!({"name": "\u{200b}"}), 422, "name: "),
        (json!({"name": "a\u{2028}b"}), 422, "name: "),
        (json!(["an array", "is-no-object"]), 422, "body: it is an array"),
        (json!({"name": 7}), 422, "name: invalid type"),
        (json!({}), 422, "missing field `name`"),
        (json!([]), 422, "body: "),
        (json!(["an array", "is-no-object"]), 422, "body: "),
        (json!({"id": "Big", "name": "x"}), 422, "id: \"Big\" is not of the form [a-z0-9][a-z0-9-]{0,62}"),
        (json!({"id": "", "name": "x"}), 422, "id: "),
        (json!({"id": "-a", "name": "x"}), 422, "id: "),
        (json!({"id": "../x", "name": "x"}), 422, "id: "),
        (json!({"id": "a".repeat(64), "name": "x"}), 422, "id: "),
    ] {
        let answer = form(&server, "POST", "/workspaces", &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.detail());
        assert!(answer.detail().contains(reason), "{body}: {}", answer.detail());
    }
    assert_eq!(form(&server, "PATCH", "/workspaces/other", &json!({"name": "x"})).status, 404);
    assert_eq!(form(&server, "PATCH", "/workspaces/local", &json!({"name": " "})).status, 422);
    assert_eq!(get(&server, "/workspaces").body, json!([{"id": "local", "name": "local"}]));
}

#[test]
fn a_body_is_json_and_small() {
    let server = server();
    let send = |media: &[(&str, &str)], body: &[u8]| call(&server, "POST", "/workspaces", media, body);
    let json = [("content-type", "application/json; charset=utf-8")];
    for media in
        [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/x-www-form-urlencoded")]]
    {
        let answer = send(media, br#"{"name": "x"}"#);
        assert_eq!(answer.status, 415, "{media:?}");
        assert!(answer.detail().contains("instead of application/json"), "{}", answer.detail());
    }
    for body in [&b"{"[..], b"name", b"{\"name\": \"x\"} {}", b"{\"name\": \"\xff\"}"] {
        let answer = send(&json, body);
        assert!(answer.status == 400 && answer.detail().contains("column"), "{}", answer.detail());
    }
    let large = send(&json, json!({"name": "x".repeat(70_000)}).to_string().as_bytes());
    assert_eq!((large.status, large.detail()), (413, "the body is larger than 65536 bytes"));
    assert_eq!(send(&json, br#"{"name": "x"}"#).status, 201);
}

#[test]
fn a_key_that_names_a_workspace_sends_to_it() {
    let server = server();
    form(&server, "POST", "/workspaces", &json!({"name": "Team"}));
    let sent = |key: &str, number| {
        let body = batch(&[of(number, span(1, 0, "turn", 0, 1, &json!({})))]);
        assert_eq!(post(&server, &[("authorization", key)], &body).status, 200);
    };
    sent("Bearer bl_pk_team", 1);
    sent("Bearer bl_pk_Team", 2);
    sent("Bearer bl_pk_anything", 3);
    sent("Bearer bl_pk_local", 4);
    assert_eq!(get(&server, "/workspaces/team/traces").ids(), ["1"]);
    let mut local =
        get(&server, "/workspaces/local/traces").ids().iter().map(ToString::to_string).collect::<Vec<_>>();
    local.sort();
    assert_eq!(local, ["2", "3", "4"]);
    assert_eq!(get(&server, &format!("/traces/{}", trace(1))).body["workspace_id"], "team");
    let elsewhere = get(&server, &format!("/workspaces/local/trajectories/{}", trace(1)));
    assert_eq!(elsewhere.status, 404, "a run is in one workspace");
    assert_eq!(get(&server, &format!("/workspaces/team/trajectories/{}", trace(1))).status, 200);
    let key = [("authorization", "Bearer bl_pk_team")];
    assert_eq!(post(&server, &key, &batch(&[span(2, 1, "plan", 0, 1, &json!({}))])).status, 200);
    post(&server, &[], &batch(&[span(1, 0, "turn", 0, 1, &json!({}))]));
    let run = get(&server, &format!("/traces/{TRACE}")).body;
    assert_eq!(
        (&run["workspace_id"], &run["span_count"]),
        (&json!("team"), &json!(2)),
        "it stays where it began"
    );
}
