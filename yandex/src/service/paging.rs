//! Lists come in pages; callers get all of them.

use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::client::Client;
use crate::error::Error;

/// The largest page that there is.
const PAGE_SIZE: &str = "1000";

/// A reply that holds one page.
pub(super) trait Page: DeserializeOwned {
    type Item;

    /// What it holds, and where the next page starts (empty at the end).
    fn into_parts(self) -> (Vec<Self::Item>, String);
}

/// Names the field of a list reply that holds its items.
macro_rules! page {
    ($reply:ty, $items:ident, $item:ty) => {
        impl crate::service::paging::Page for $reply {
            type Item = $item;

            fn into_parts(self) -> (Vec<$item>, String) {
                (self.$items, self.next_page_token)
            }
        }
    };
}
pub(super) use page;

/// Every item of all pages.
pub(super) async fn all<Reply: Page>(
    client: &Client,
    call: Call,
) -> Result<Vec<Reply::Item>, Error> {
    let call = call.query("pageSize", PAGE_SIZE);
    let mut token = String::new();
    let mut items = Vec::new();
    loop {
        let next = match token.as_str() {
            "" => call.clone(),
            token => call.clone().query("pageToken", token),
        };
        let (page, next_token) = client.call::<Reply>(&next).await?.into_parts();
        items.extend(page);
        if next_token.is_empty() {
            return Ok(items);
        }
        if next_token == token {
            return Err(
                call.unreadable("the list goes round in circles: a page names itself as the next")
            );
        }
        token = next_token;
    }
}

/// The only filter that lists of resources know.
pub(super) fn by_name(call: Call, name: Option<&str>) -> Call {
    match name {
        Some(name) => call.query("filter", format!("name=\"{name}\"")),
        None => call,
    }
}
