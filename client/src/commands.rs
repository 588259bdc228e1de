//! The commands.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::sync::mpsc;
use url::Url;
use wschat_protocol::limits::BadUserId;

use crate::args::{ChatArgs, Color, JoinArgs, LinkArgs, SendArgs, ShowArgs, TailArgs, UrlArgs};
use crate::connect::{Dialer, TrustError};
use crate::drive::{Driver, Locate, Signals, Surroundings};
use crate::editor::{self, Handles};
use crate::exit::Exit;
use crate::input::{self, Input};
use crate::nick;
use crate::output::{Form, Output, Volume, Wish};
use crate::render::Style;
use crate::resolve::{self, Cluster, ResolveError};
use crate::session::{Ending, Session, Settings};
use crate::target::{self, Hints, Target, TargetError};

/// Why a command didn't come to its end.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("{0}")]
    Nick(#[from] BadUserId),
    #[error("nothing to send: give TEXT, or pipe lines into standard input")]
    NothingToSend,
    #[error("the terminal can't be used: {0}")]
    Terminal(String),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    Ended(Ending),
}

impl Failure {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Target(_) | Self::Trust(_) | Self::Nick(_) | Self::NothingToSend => Exit::Usage,
            Self::Resolve(error) => error.exit(),
            Self::Terminal(_) | Self::Io(_) => Exit::Unexpected,
            Self::Ended(ending) => ending.exit(),
        }
    }

    /// Whether a message would only repeat what the user did.
    pub(crate) fn goes_without_saying(&self) -> bool {
        matches!(self, Self::Ended(ending) if ending.goes_without_saying())
    }
}

/// What the environment says about the chat.
struct Environment {
    url: Option<String>,
    chat: Option<String>,
}

impl Environment {
    fn read() -> Self {
        let read = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            url: read("WSCHAT_URL"),
            chat: read("WSCHAT_CHAT"),
        }
    }

    fn hints<'a>(&'a self, args: &'a ChatArgs, name: Option<&'a str>) -> Hints<'a> {
        Hints {
            url: args.url.as_deref(),
            chat: args.chat.as_deref(),
            name,
            env_url: self.url.as_deref(),
            env_chat: self.chat.as_deref(),
        }
    }
}

/// Everything that is decided before connecting.
struct Plan<'a> {
    chat: &'a ChatArgs,
    link: &'a LinkArgs,
    wish: Wish,
    user_id: String,
    strict: bool,
}

/// `wschat join`.
pub(crate) async fn join(args: &JoinArgs) -> Result<(), Failure> {
    let environment = Environment::read();
    let hints = environment.hints(&args.chat, args.name.as_deref());
    let edits = !args.no_input && !args.show.json && is_interactive();
    let plan = Plan {
        chat: &args.chat,
        link: &args.link,
        wish: wish(&args.show),
        user_id: nick::choose(args.link.nick.as_deref(), nick::system().as_deref(), None)?,
        strict: !edits,
    };
    if edits {
        return edit(&plan, &hints).await;
    }
    let signals = Signals::new()?;
    let mut output = Output::new(plan.wish.clone(), None);
    let place = locate(&plan, &hints, &mut output).await?;
    let input = (!args.no_input).then(input::from_stdin);
    talk(&plan, place, output, signals, input, Arc::new(true.into())).await
}

/// `wschat send`.
pub(crate) async fn send(args: &SendArgs) -> Result<(), Failure> {
    let environment = Environment::read();
    let mut hints = environment.hints(&args.chat, None);
    let mut words = args.words.as_slice();
    if !hints.suffice()
        && let [name, rest @ ..] = words
    {
        hints.name = Some(name);
        words = rest;
    }
    if words.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::NothingToSend);
    }
    let plan = Plan {
        chat: &args.chat,
        link: &args.link,
        wish: Wish {
            style: style(Color::Never),
            form: Form::Nothing,
            // Scripts only want to hear of trouble.
            volume: if args.verbose {
                Volume::Verbose
            } else {
                Volume::Quiet
            },
        },
        user_id: nick::choose(args.link.nick.as_deref(), nick::system().as_deref(), None)?,
        strict: true,
    };
    let signals = Signals::new()?;
    let mut output = Output::new(plan.wish.clone(), None);
    let place = locate(&plan, &hints, &mut output).await?;
    let input = if words.is_empty() {
        input::from_stdin()
    } else {
        input::from_text(words.join(" "))
    };
    talk(
        &plan,
        place,
        output,
        signals,
        Some(input),
        Arc::new(true.into()),
    )
    .await
}

/// `wschat tail`.
pub(crate) async fn tail(args: &TailArgs) -> Result<(), Failure> {
    let environment = Environment::read();
    let hints = environment.hints(&args.chat, args.name.as_deref());
    // Somebody may chat under the user's name meanwhile; one connection would
    // replace the other.
    let system = nick::system();
    let plan = Plan {
        chat: &args.chat,
        link: &args.link,
        wish: wish(&args.show),
        user_id: nick::choose(args.link.nick.as_deref(), system.as_deref(), Some("tail"))?,
        strict: true,
    };
    let signals = Signals::new()?;
    let mut output = Output::new(plan.wish.clone(), None);
    let place = locate(&plan, &hints, &mut output).await?;
    talk(&plan, place, output, signals, None, Arc::new(true.into())).await
}

/// `wschat url`.
pub(crate) async fn url(args: &UrlArgs) -> Result<(), Failure> {
    let environment = Environment::read();
    let hints = environment.hints(&args.chat, args.name.as_deref());
    let url = match target::choose(&hints)? {
        Target::Url(url) => url,
        Target::Chat { namespace, name } => {
            let tell = |line: &str| eprintln!("wschat: {line}; waiting");
            let (cluster, namespace) = cluster(&args.chat, namespace);
            resolve::find(&cluster, namespace.as_deref(), &name, tell)
                .await?
                .url
        }
    };
    writeln!(io::stdout(), "{url}").or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::Io(error)),
    })
}

/// An editor needs a terminal on both ends that understands more than lines.
fn is_interactive() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    !dumb && io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn wish(show: &ShowArgs) -> Wish {
    Wish {
        style: style(show.color),
        form: if show.json { Form::Json } else { Form::Words },
        volume: match (show.quiet, show.verbose) {
            (true, _) => Volume::Quiet,
            (false, false) => Volume::Normal,
            (false, true) => Volume::Verbose,
        },
    }
}

fn style(color: Color) -> Style {
    let is_set = |name| std::env::var(name).is_ok_and(|value: String| !value.is_empty());
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => !is_set("NO_COLOR") && !dumb && io::stdout().is_terminal(),
    };
    Style {
        color,
        zone: TimeZone::system(),
    }
}

/// Where the chat is, and how to ask again.
struct Place {
    url: Url,
    locate: Option<Locate>,
}

async fn locate(plan: &Plan<'_>, hints: &Hints<'_>, output: &mut Output) -> Result<Place, Failure> {
    let (namespace, name) = match target::choose(hints)? {
        Target::Url(url) => return Ok(Place { url, locate: None }),
        Target::Chat { namespace, name } => (namespace, name),
    };
    let tell = |line: &str| output.remark(Volume::Normal, &format!("wschat: {line}; waiting"));
    let (cluster, namespace) = cluster(plan.chat, namespace);
    let found = resolve::find(&cluster, namespace.as_deref(), &name, tell).await?;
    let (chat, url) = (&found.chat, target::shown(&found.url));
    output.remark(Volume::Normal, &format!("wschat: {chat} is Ready: {url}"));
    if let Some(note) = &found.note {
        output.remark(Volume::Normal, &format!("wschat: {chat}: {note}"));
    }
    let now = Cluster {
        wait: Duration::ZERO,
        ..cluster
    };
    Ok(Place {
        url: found.url,
        locate: Some(again(now, namespace, name)),
    })
}

/// Asks for the address once more, without waiting.
fn again(cluster: Cluster, namespace: Option<String>, name: String) -> Locate {
    let asked = Arc::new((cluster, namespace, name));
    Arc::new(move || {
        let asked = Arc::clone(&asked);
        async move {
            let (cluster, namespace, name) = &*asked;
            let found = resolve::find(cluster, namespace.as_deref(), name, |_| {}).await;
            found.ok().map(|found| found.url)
        }
        .boxed()
    })
}

fn cluster(args: &ChatArgs, namespace: Option<String>) -> (Cluster, Option<String>) {
    let cluster = Cluster {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        timeout: args.connect_timeout,
        wait: args.wait,
    };
    (cluster, namespace.or_else(|| args.namespace.clone()))
}

async fn edit(plan: &Plan<'_>, hints: &Hints<'_>) -> Result<(), Failure> {
    let signals = Signals::new()?;
    let mut output = Output::new(plan.wish.clone(), None);
    let place = locate(plan, hints, &mut output).await?;
    let Handles {
        input,
        printer,
        empty,
        terminal,
    } = editor::start(&plan.user_id).map_err(|error| Failure::Terminal(error.to_string()))?;
    let output = Output::new(plan.wish.clone(), Some(printer));
    let result = talk(plan, place, output, signals, Some(input), empty).await;
    terminal.restore();
    result
}

async fn talk(
    plan: &Plan<'_>,
    place: Place,
    output: Output,
    signals: Signals,
    input: Option<mpsc::Receiver<Input>>,
    input_empty: Arc<AtomicBool>,
) -> Result<(), Failure> {
    let link = plan.link;
    let cacert = link.cacert.as_deref();
    let dialer = Dialer::new(&place.url, &plan.user_id, cacert, plan.chat.connect_timeout)?;
    let settings = Settings {
        user_id: plan.user_id.clone(),
        ack_timeout: link.ack_timeout.max(Duration::from_millis(1)),
        reconnect: !link.no_reconnect,
        retry_for: link.retry_for,
        strict: plan.strict,
        calm: plan.wish.form != Form::Json,
    };
    let session = Session::new(settings, Box::new(rand::random::<f64>));
    let surroundings = Surroundings {
        dialer,
        locate: place.locate,
        output,
        signals,
        input,
        input_empty,
    };
    let (ending, mut output) = Driver::new(session, surroundings).run().await;
    output.finish();
    match ending {
        Ending::Clean => Ok(()),
        ending => Err(Failure::Ended(ending)),
    }
}
