//! The page at `/_emulator/`, for a person who asks where a message is. It only
//! reads what the other paths below `/_emulator/` tell.

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

/// Nothing from elsewhere, and nobody puts it into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src data:; frame-ancestors 'none'";

pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let html = file("text/html", include_str!("../../page/index.html"));
    let css = file("text/css", include_str!("../../page/page.css"));
    let page = file("text/javascript", include_str!("../../page/page.js"));
    let sections = file("text/javascript", include_str!("../../page/sections.js"));
    Router::new()
        .route(
            "/_emulator",
            get(|| async { Redirect::permanent("/_emulator/") }),
        )
        .route("/_emulator/", get(|| async { html }))
        .route("/_emulator/page.css", get(|| async { css }))
        .route("/_emulator/page.js", get(|| async { page }))
        .route("/_emulator/sections.js", get(|| async { sections }))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse + Clone {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
