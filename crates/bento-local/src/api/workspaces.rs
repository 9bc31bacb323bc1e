//! The group `workspaces`: where runs are kept apart from those of others.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::parameters::{InWorkspace, Path};
use super::problem::Problem;
use super::{Backend, body};
use crate::store::{Store, Workspace};

/// Characters of a name.
const LONGEST_NAME: usize = 200;

/// Characters of an id.
const LONGEST_ID: usize = 63;

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workspace)]
pub(super) struct WorkspaceRow {
    id: String,
    name: String,
}

/// A workspace to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewWorkspace {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its id, which a key `bl_pk_{id}` sends to; made from the name if it is not given.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,62}$")]
    id: Option<String>,
}

/// What is to change.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct WorkspaceChange {
    /// What it is called from now on.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

pub(super) fn routes() -> OpenApiRouter<Arc<Backend>> {
    OpenApiRouter::new().routes(routes!(list_workspaces, create_workspace)).routes(routes!(update_workspace))
}

/// List the workspaces
///
/// The oldest comes first; a fresh database has one, `local`.
#[utoipa::path(get, path = "/workspaces", tag = "workspaces", responses((status = OK, description = "All workspaces", body = Vec<WorkspaceRow>)))]
async fn list_workspaces(State(backend): State<Arc<Backend>>) -> Result<Json<Vec<WorkspaceRow>>, Problem> {
    let workspaces = backend.ask(|store| Ok(store.workspaces()?)).await?;
    Ok(Json(workspaces.into_iter().map(WorkspaceRow::of).collect()))
}

/// Create a workspace
///
/// What is sent with the key `bl_pk_{id}` goes into it.
#[utoipa::path(post, path = "/workspaces", tag = "workspaces", request_body = NewWorkspace, responses(
    (status = CREATED, description = "The new workspace", body = WorkspaceRow),
    (status = CONFLICT, description = "The id is taken", body = super::problem::Told),
))]
async fn create_workspace(
    State(backend): State<Arc<Backend>>,
    body::Json(new): body::Json<NewWorkspace>,
) -> Result<(StatusCode, Json<WorkspaceRow>), Problem> {
    let name = name(&new.name)?;
    let id = match new.id {
        Some(id) if is_slug(&id) => id,
        Some(id) => {
            return Err(Problem::bad("id", format!("{id:?} is not of the form [a-z0-9][a-z0-9-]{{0,62}}")));
        }
        None => slug(&name).ok_or_else(|| {
            Problem::bad("id", "the name has no letter a-z or digit to make one of; give one")
        })?,
    };
    let workspace = Workspace { id, name };
    let added = backend.ask(move |store| Ok(store.add_workspace(&workspace)?.then_some(workspace))).await?;
    let taken =
        || Problem::new(StatusCode::CONFLICT, "id: there is a workspace of that id; give another one");
    Ok((StatusCode::CREATED, Json(WorkspaceRow::of(added.ok_or_else(taken)?))))
}

/// Rename a workspace
///
/// Its id stays, and with it where its runs are and which key sends to it.
#[utoipa::path(patch, path = "/workspaces/{workspace_id}", tag = "workspaces", params(InWorkspace), request_body = WorkspaceChange, responses((status = OK, description = "The workspace as it is now", body = WorkspaceRow)))]
async fn update_workspace(
    State(backend): State<Arc<Backend>>,
    Path(InWorkspace { workspace_id: id }): Path<InWorkspace>,
    body::Json(change): body::Json<WorkspaceChange>,
) -> Result<Json<WorkspaceRow>, Problem> {
    let name = name(&change.name)?;
    let renamed = backend.ask(move |store| {
        let renamed = store.rename_workspace(&id, &name)?;
        if renamed {
            Ok(Workspace { id, name })
        } else {
            Err(Problem::missing("workspace", format!("{id:?}")))
        }
    });
    Ok(Json(WorkspaceRow::of(renamed.await?)))
}

/// Refuses to go on in a workspace that is not there.
pub(super) fn expect(store: &dyn Store, id: &str) -> Result<(), Problem> {
    let known = store.workspaces()?.iter().any(|workspace| workspace.id == id);
    if known { Ok(()) } else { Err(Problem::missing("workspace", format!("{id:?}"))) }
}

fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(hides) {
        return Err(Problem::bad(
            "name",
            format!(
                "it has to have 1 to {LONGEST_NAME} characters, none of which moves a cursor, hides or turns text around"
            ),
        ));
    }
    Ok(name.to_owned())
}

/// Whether a character does something else than to be read: a name stands in lists of others. Joiners, which scripts need,
/// do not.
fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn is_slug(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    id.len() <= LONGEST_ID
        && id.bytes().next().is_some_and(is_plain)
        && id.bytes().all(|byte| is_plain(byte) || byte == b'-')
}

/// The letters and digits of a name, what is between them as hyphens.
fn slug(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut id = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    id.truncate(LONGEST_ID);
    Some(id.trim_end_matches('-').to_owned()).filter(|id| is_slug(id))
}

impl WorkspaceRow {
    fn of(Workspace { id, name }: Workspace) -> Self {
        Self { id, name }
    }
}
