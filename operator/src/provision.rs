//! The graph, forwards. Dependencies are function parameters, so the compiler
//! checks them. Steps that don't depend on each other run side by side, and
//! none is cancelled when another fails: a cancelled create would leak.

use tokio::join;
use wschat_crds::{ResourceStatus, Resources, WsChatStatus};

use crate::context::Pass;
use crate::outcome::{Outcome, after, needed};
use crate::report::{Reached, Reports};
use crate::resource::Resource;
use crate::status::Verdict;
use crate::steps::account::Account;
use crate::steps::database::Database;
use crate::steps::function::Function;
use crate::steps::gateway::Gateway;
use crate::steps::{
    account, database, function, gateway, invokers, live, probe, roles, schema, topic, trigger,
    version,
};
use crate::validate::Desired;

/// What the first half of the graph makes: what the function needs.
struct Base {
    account: Outcome<Account>,
    roles: Outcome<()>,
    database: Outcome<Database>,
    schema: Outcome<()>,
    topic: Outcome<()>,
}

/// What the second part makes: the function, serving.
struct Served {
    function: Outcome<Function>,
    invokers: Outcome<()>,
    version: Outcome<version::Version>,
    live: Outcome<()>,
}

/// What the last part makes: the way from a socket and back.
struct Routed {
    gateway: Outcome<Gateway>,
    trigger: Outcome<()>,
    probe: Outcome<()>,
    reach: Reached,
}

/// Brings the cloud one step closer to what is wished.
pub(crate) async fn provision(
    pass: &Pass<'_>,
    desired: &Desired,
    prior: &WsChatStatus,
    resources: &mut Resources,
) -> Verdict {
    let base = base(pass, desired, resources).await;
    let served = served(pass, desired, &base, resources).await;
    let routed = routed(pass, desired, prior, &base, &served, resources).await;
    let url = routed.gateway.value().map(|gateway| gateway.url.clone());
    // Another handler serves until the tag has moved.
    let handler_version = match (&served.version, &served.live) {
        (Outcome::Ready(_), Outcome::Ready(())) => Some(pass.context.settings.handler.version()),
        _ => prior.handler_version.clone(),
    };
    let reports = Box::new(reports(&base, &served, routed));
    Verdict::Provisioned {
        reports,
        url,
        handler_version,
    }
}

async fn base(pass: &Pass<'_>, desired: &Desired, resources: &mut Resources) -> Base {
    let Resources {
        service_account,
        roles,
        database,
        schema,
        topic,
        ..
    } = resources;
    let (account, database) = join!(
        account::ensure(pass, service_account),
        database::ensure(pass, database, &desired.database),
    );
    let (roles, schema, topic) = join!(
        after(needed(&account, Resource::ServiceAccount), |account| {
            roles::ensure(pass, roles, account)
        }),
        after(needed(&database, Resource::Database), |database| {
            schema::ensure(pass, schema, database)
        }),
        after(needed(&database, Resource::Database), |database| {
            topic::ensure(pass, topic, database, &desired.topic)
        }),
    );
    Base {
        account,
        roles,
        database,
        schema,
        topic,
    }
}

async fn served(
    pass: &Pass<'_>,
    desired: &Desired,
    base: &Base,
    resources: &mut Resources,
) -> Served {
    let Resources {
        function,
        invokers,
        version,
        live,
        ..
    } = resources;
    let inside = [&mut *invokers, &mut *version, &mut *live];
    let function = function_and_inside(pass, base, function, inside).await;
    let serving = live.id.clone().filter(|_| live.hash.is_some());
    let parts = || Ok((needed(&function, Resource::Function)?, base.complete()?));
    let (invokers, version) = join!(
        after(parts(), |(function, (account, _))| {
            invokers::ensure(pass, invokers, function, account)
        }),
        after(parts(), |(function, (account, database))| {
            let (handler, topic) = (&desired.handler, &desired.topic);
            let parts = version::Parts {
                function,
                account,
                database,
                handler,
                topic,
                serving: serving.as_deref(),
            };
            version::ensure(pass, version, parts)
        }),
    );
    let ready = || {
        needed(&invokers, Resource::Invokers)?;
        Ok((
            needed(&function, Resource::Function)?,
            needed(&version, Resource::Version)?,
        ))
    };
    let live = after(ready(), |(function, version)| {
        let min_instances = desired.handler.min_instances;
        live::ensure(
            pass,
            live,
            live::Wish {
                function,
                version,
                min_instances,
            },
        )
    })
    .await;
    Served {
        function,
        invokers,
        version,
        live,
    }
}

/// The function. What lived in one that is gone went with it.
async fn function_and_inside(
    pass: &Pass<'_>,
    base: &Base,
    saved: &mut ResourceStatus,
    inside: [&mut ResourceStatus; 3],
) -> Outcome<Function> {
    let was_there = saved.hash.is_some();
    let function = after(base.complete(), |_| function::ensure(pass, saved)).await;
    if !was_there || saved.hash.is_none() {
        for resource in inside {
            resource.hash = None;
            resource.id = None;
        }
    }
    function
}

async fn routed(
    pass: &Pass<'_>,
    desired: &Desired,
    prior: &WsChatStatus,
    base: &Base,
    served: &Served,
    resources: &mut Resources,
) -> Routed {
    let Resources {
        gateway, trigger, ..
    } = resources;
    let function = || {
        needed(&served.live, Resource::Live)?;
        Ok((
            needed(&served.function, Resource::Function)?,
            base.complete()?,
        ))
    };
    let gateway = after(function(), |(function, (account, _))| {
        gateway::ensure(pass, gateway, &desired.path, function, account)
    })
    .await;
    let parts = || Ok((needed(&gateway, Resource::Gateway)?, base.complete()?));
    let trigger = after(parts(), |(gateway, (account, database))| {
        trigger::ensure(
            pass,
            trigger,
            desired,
            trigger::Parts {
                account,
                database,
                gateway,
            },
        )
    })
    .await;
    let ends = || {
        needed(&trigger, Resource::Trigger)?;
        Ok((
            needed(&gateway, Resource::Gateway)?,
            needed(&served.function, Resource::Function)?,
        ))
    };
    let probe = after(ends(), async |(gateway, function)| {
        probe::ensure(pass, prior.url.as_deref(), gateway, function)
    })
    .await;
    let reach = match (&probe, gateway.value()) {
        (Outcome::Ready(()), Some(gateway)) => probe::again(pass, prior, gateway),
        _ => Reached::default(),
    };
    Routed {
        gateway,
        trigger,
        probe,
        reach,
    }
}

impl Base {
    /// Account and database, once everything that hangs on them is there too.
    fn complete(&self) -> Result<(&Account, &Database), Resource> {
        needed(&self.roles, Resource::Roles)?;
        needed(&self.schema, Resource::Schema)?;
        needed(&self.topic, Resource::Topic)?;
        let account = needed(&self.account, Resource::ServiceAccount)?;
        Ok((account, needed(&self.database, Resource::Database)?))
    }
}

fn reports(base: &Base, served: &Served, routed: Routed) -> Reports {
    let Base {
        account,
        roles,
        database,
        schema,
        topic,
    } = base;
    let Served {
        function,
        invokers,
        version,
        live,
    } = served;
    let Routed {
        gateway,
        trigger,
        probe,
        reach,
    } = routed;
    Reports {
        service_account: account.into(),
        roles: roles.into(),
        database: database.into(),
        schema: schema.into(),
        topic: topic.into(),
        function: function.into(),
        invokers: invokers.into(),
        version: version.into(),
        live: live.into(),
        gateway: (&gateway).into(),
        trigger: (&trigger).into(),
        probe: (&probe).into(),
        reach,
    }
}
