use super::*;
use crate::testing::{When, world};

#[tokio::test]
async fn who_makes_no_lists_does_not_look_again_as_soon_as_they_are_old() {
    let world = world().await;
    let mut context = world.context;
    let resync = Duration::from_millis(50);
    Arc::get_mut(&mut context.settings).unwrap().resync = resync;
    let context = Arc::new(context);
    let chat = world.kube.chat();
    let identity = identity(&chat, &context.settings.defaults);
    let lists = context
        .inventory
        .folder(&context.cloud, "b1g", resync)
        .await;
    while lists.taken.elapsed() < resync {
        tokio::task::yield_now().await;
    }
    let look = Look {
        context: &context,
        api: Api::namespaced(context.kube.clone(), "team"),
        chat,
    };
    let suspended = Verdict::Suspended(String::new());
    assert!(look.resync(&suspended, &identity) >= resync);
    let report = Report::Ready;
    let other = look.resync(&Verdict::Short(report), &identity);
    assert!(other < resync, "others have them made anew: {other:?}");
}

#[tokio::test]
async fn a_look_that_breaks_off_is_counted() {
    let world = world().await;
    let (chat, context) = (world.kube.chat(), Arc::new(world.context));
    world.fault.set(0, When::Before);
    let seen = Arc::new(WatchedChat::from(&chat));
    let looked = reconcile(seen, Arc::clone(&context)).await;
    assert!(looked.is_err(), "{looked:?}");
    let page = context.metrics.encode().unwrap();
    let line = r#"wschat_reconciliations_total{outcome="broken_off"} 1"#;
    assert!(page.contains(line), "{page}");
}
