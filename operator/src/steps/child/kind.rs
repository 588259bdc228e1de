//! What a kind of resource has to tell of itself.

use serde::Serialize;
use uuid::Uuid;
use yandex_cloud_rest::model::Labels;
use yandex_cloud_rest::model::operation::Operation;

use crate::change::{Difference, LATER};
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::inventory::Folder;
use crate::resource::Resource;

/// A kind of resource.
pub(crate) trait Child {
    const RESOURCE: Resource;
    /// The field of operations' metadata that holds its id.
    const ID_FIELD: &'static str;
    /// Whether it holds what cannot be made anew: once lost, only a person
    /// decides what follows.
    const PRECIOUS: bool = false;

    /// What the cloud says about one.
    type Model: Send;
    /// The request that makes one, which is also what it ought to be like.
    type Wish: Serialize + Sync;

    fn facts(model: &Self::Model) -> Facts;

    /// Everything that isn't as wished, and that an update can change (pure).
    fn differences(wish: &Self::Wish, model: &Self::Model) -> Vec<Difference>;

    /// The resource with this id, as far as lists tell of it.
    fn listed(lists: &Folder, id: &str) -> Result<Option<Self::Model>, CloudError>;

    /// The resource with this id.
    fn get(cloud: &Cloud, id: &str)
    -> impl Future<Output = Result<Self::Model, CloudError>> + Send;

    /// The folder's resources of this name.
    fn named(
        pass: &Pass<'_>,
        name: &str,
    ) -> impl Future<Output = Result<Vec<Self::Model>, CloudError>> + Send;

    /// Makes it.
    fn create(
        cloud: &Cloud,
        wish: &Self::Wish,
        key: Uuid,
    ) -> impl Future<Output = Result<Operation, CloudError>> + Send;

    /// Changes what differs.
    fn update(
        cloud: &Cloud,
        wish: &Self::Wish,
        model: &Self::Model,
        differences: &[Difference],
        key: Uuid,
    ) -> impl Future<Output = Result<Operation, CloudError>> + Send;

    /// Gives it these labels and changes nothing else.
    fn label(
        cloud: &Cloud,
        model: &Self::Model,
        labels: Labels,
        key: Uuid,
    ) -> impl Future<Output = Result<Operation, CloudError>> + Send;

    /// Removes it.
    fn delete(
        cloud: &Cloud,
        id: &str,
        key: Uuid,
    ) -> impl Future<Output = Result<Operation, CloudError>> + Send;
}

/// What every kind of resource shows of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) labels: &'a Labels,
}

impl Marks<'_> {
    /// What of it isn't as wished. Labels that others added are left alone.
    pub(crate) fn differences(self, wanted: Marks<'_>) -> Vec<Difference> {
        let mut all = Vec::new();
        all.extend(Difference::between("name", &self.name, &wanted.name));
        let (is, description) = (self.description, wanted.description);
        all.extend(Difference::between("description", &is, &description));
        for (key, value) in wanted.labels {
            let is = self.labels.get(key).map_or("(none)", String::as_str);
            let field = format!("labels.{key}");
            all.extend(Difference::between(&field, &is, &value.as_str()));
        }
        all
    }
}

/// All labels of an updated resource: an update replaces them whole.
pub(crate) fn all_labels(found: &Labels, wanted: &Labels) -> Labels {
    let mut all = found.clone();
    all.extend(wanted.clone());
    all
}

/// What matters of a resource that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) labels: Labels,
    /// RFC 3339; sorts as text.
    pub(crate) created_at: String,
    pub(crate) state: State,
    /// Where it is reached, if it is reached directly.
    pub(crate) endpoint: Option<String>,
}

impl Facts {
    /// Of what a plan would make.
    pub(super) fn to_come() -> Self {
        Self {
            id: LATER.to_owned(),
            labels: Labels::new(),
            created_at: String::new(),
            state: State::Serving,
            endpoint: Some(LATER.to_owned()),
        }
    }
}

/// Whether it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Serving,
    /// The cloud is at work on it.
    Busy,
    /// The cloud is removing it.
    Leaving,
    /// It doesn't work; the cloud's word for it.
    Broken(String),
}

impl State {
    /// From the cloud's word; a word that isn't known serves.
    pub(crate) fn of(status: &str) -> Self {
        match status {
            "CREATING" | "PROVISIONING" | "STARTING" | "UPDATING" => Self::Busy,
            "DELETING" => Self::Leaving,
            "ERROR" | "STOPPED" | "SUSPENDED" => Self::Broken(status.to_owned()),
            _ => Self::Serving,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::paths;
    use crate::names::labels;

    #[test]
    fn states_follow_the_clouds_words() {
        assert_eq!(State::of("RUNNING"), State::Serving);
        assert_eq!(State::of("ACTIVE"), State::Serving);
        assert_eq!(State::of("PROVISIONING"), State::Busy);
        assert_eq!(State::of("DELETING"), State::Leaving);
        assert_eq!(State::of("ERROR"), State::Broken("ERROR".to_owned()));
    }

    fn marks(labels: &Labels) -> Marks<'_> {
        Marks {
            name: "n",
            description: "d",
            labels,
        }
    }

    #[test]
    fn labels_that_others_added_are_no_difference_and_stay() {
        let wanted = labels("here", "team", "lobby");
        let mut found = wanted.clone();
        found.insert("cost-centre".to_owned(), "42".to_owned());
        assert_eq!(marks(&found).differences(marks(&wanted)), []);
        found.remove("wschat-name");
        let differences = marks(&found).differences(marks(&wanted));
        assert_eq!(paths(&differences), ["labels"]);
        let all = all_labels(&found, &wanted);
        assert_eq!((all.len(), all["cost-centre"].as_str()), (4, "42"));
    }
}
