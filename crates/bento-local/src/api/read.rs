//! Reading runs and spans back. Open to everyone on this machine; rows are flat, lists are pages.

use axum::Json;
use serde::Serialize;

const WORKSPACE: &str = "local";

#[derive(Debug, Serialize)]
pub(super) struct Workspace {
    id: &'static str,
    name: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
}

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

pub(super) async fn workspaces() -> Json<[Workspace; 1]> {
    Json([Workspace { id: WORKSPACE, name: WORKSPACE }])
}
