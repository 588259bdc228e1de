//! A scene with an emulated cloud and an operator of its own: where chats are
//! made by `kubectl apply` and talked in through their URLs.

use std::time::Duration;

use kube::Api;
use libtest_mimic::Failed;
use serde_json::Value;
use wschat_crds::WsChat;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::custom_resource::newest_is_ready;
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options};
use wschat_tests::wait::wait_for;

use crate::suite::Scene;

/// A chat takes seconds; a machine that runs other trials beside, more.
const READY_LIMIT: Duration = Duration::from_mins(2);
/// How long anything that a participant waits for may take.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// One trial's cloud and operator.
pub(crate) struct Stage {
    /// Folder and API server.
    pub(crate) scene: Scene,
    /// Where its chats are; the scene's, as a rule.
    pub(crate) namespace: Namespace,
    /// The cloud.
    pub(crate) emulator: Emulator,
    /// Watches that namespace only.
    pub(crate) operator: Operator,
    /// What its operators are started with besides.
    arguments: Vec<String>,
}

impl Stage {
    /// A cloud whose operations end at once, and a ready operator.
    pub(crate) async fn set(scene: Scene) -> Result<Self, Failed> {
        Self::set_in(scene, &emulator::Options::default()).await
    }

    /// The same with a cloud of other habits.
    pub(crate) async fn set_in(scene: Scene, options: &emulator::Options) -> Result<Self, Failed> {
        let namespace = scene.namespace.clone();
        Self::set_for(scene, namespace, options).await
    }

    /// The same for chats in another namespace than the operator's Lease.
    pub(crate) async fn set_for(
        scene: Scene,
        namespace: Namespace,
        options: &emulator::Options,
    ) -> Result<Self, Failed> {
        Self::set_whole(scene, namespace, options, Vec::new()).await
    }

    /// A cloud whose operations end at once, and an operator with these
    /// arguments besides.
    pub(crate) async fn set_with(scene: Scene, arguments: &[&str]) -> Result<Self, Failed> {
        let namespace = scene.namespace.clone();
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Self::set_whole(scene, namespace, &emulator::Options::default(), arguments).await
    }

    /// All of that.
    pub(crate) async fn set_whole(
        scene: Scene,
        namespace: Namespace,
        options: &emulator::Options,
        arguments: Vec<String>,
    ) -> Result<Self, Failed> {
        let emulator = Emulator::start(&scene.folder, options).await?;
        let operator = operator(&scene, &namespace, &emulator, &arguments).await?;
        Ok(Self {
            scene,
            namespace,
            emulator,
            operator,
            arguments,
        })
    }

    /// Ends the operator and starts another one like it.
    pub(crate) async fn restart_operator(&mut self) -> Result<(), Failed> {
        self.operator.process().terminate(SOON).await?;
        self.operator = operator(
            &self.scene,
            &self.namespace,
            &self.emulator,
            &self.arguments,
        )
        .await?;
        Ok(())
    }

    /// The chats of its namespace.
    pub(crate) fn chats(&self) -> Api<WsChat> {
        self.namespace.api()
    }

    /// `kubectl apply` of a chat, with its spec in YAML's flow style.
    pub(crate) async fn apply(&self, name: &str, spec: &str) -> Result<(), Failed> {
        let manifest = format!(
            "apiVersion: wschat.dev/v1alpha1\nkind: WsChat\nmetadata: {{ name: {name} }}\nspec: {spec}\n"
        );
        let arguments = ["apply", "-n", self.namespace.name(), "-f", "-"];
        self.scene
            .kubectl()
            .output(arguments, &manifest)
            .await?
            .success()?;
        Ok(())
    }

    /// Waits until a chat's newest generation is Ready: its URL.
    pub(crate) async fn ready(&self, name: &str) -> Result<String, Failed> {
        let what = format!("{name} to be Ready");
        let is_ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
        let chat = wait_for(&self.chats(), name, what, READY_LIMIT, is_ready).await?;
        let url = chat.and_then(|chat| chat.status?.url);
        Ok(url.ok_or("a chat is Ready and has no URL")?)
    }

    /// A chat called `lobby` with defaults: its URL, once it is Ready.
    pub(crate) async fn lobby(&self) -> Result<String, Failed> {
        self.apply("lobby", "{}").await?;
        self.ready("lobby").await
    }

    /// Asks both programs to end; they must do so without an error.
    pub(crate) async fn clear(self) -> Result<(), Failed> {
        let operator = self.operator.stop().await?;
        let emulator = self.emulator.stop().await?;
        if operator.success() && emulator.success() {
            Ok(())
        } else {
            Err(format!("operator: {operator}, emulator: {emulator}").into())
        }
    }
}

/// A ready operator for the namespace's chats.
async fn operator(
    scene: &Scene,
    namespace: &Namespace,
    emulator: &Emulator,
    arguments: &[String],
) -> Result<Operator, Failed> {
    let administrator = scene.control_plane().administrator();
    let options = Options::for_emulator(administrator, emulator.addresses())?
        .argument("--watch-namespace", namespace.name())
        .argument("--lease-namespace", scene.namespace.name())
        .arguments(arguments.to_vec());
    let mut operator = Operator::start(&scene.folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}

/// Everything that a participant is sent up to the message that matches, which
/// is the last one.
pub(crate) async fn all_until(
    socket: &mut ChatSocket,
    what: &str,
    matches: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>, Failed> {
    let mut all = Vec::new();
    loop {
        let message = socket
            .expect(&format!("{what} after {all:?}"), SOON, |_| true)
            .await?;
        let is_last = matches(&message);
        all.push(message);
        if is_last {
            return Ok(all);
        }
    }
}

/// Whether a message is of a type, and about a user.
pub(crate) fn is_about(message: &Value, kind: &str, user: &str) -> bool {
    message["type"] == kind && message["userId"] == user
}

/// Two participants who know of each other, and have nothing unread.
pub(crate) async fn alice_and_bob(url: &str) -> Result<(ChatSocket, ChatSocket), Failed> {
    let mut alice = ChatSocket::join(url, "alice").await?;
    let bob = ChatSocket::join(url, "bob").await?;
    hear_of(&mut alice, "USER_JOINED", "bob").await?;
    Ok((alice, bob))
}

/// Waits for the BROADCAST of a content.
pub(crate) async fn hear(socket: &mut ChatSocket, content: &str) -> Result<Value, Failed> {
    let start: String = content.chars().take(40).collect();
    let heard = socket
        .expect(&format!("BROADCAST of {start:?}"), SOON, |message| {
            message["type"] == "BROADCAST" && message["content"] == content
        })
        .await?;
    Ok(heard)
}

/// Waits for a message of a type, about a user.
pub(crate) async fn hear_of(
    socket: &mut ChatSocket,
    kind: &str,
    user: &str,
) -> Result<Value, Failed> {
    let what = format!("{kind} of {user}");
    let heard = socket
        .expect(&what, SOON, |message| is_about(message, kind, user))
        .await?;
    Ok(heard)
}
