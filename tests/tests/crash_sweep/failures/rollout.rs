//! A handler that can't even be deployed, and the one after it.

use super::{ENOUGH, as_if_nothing_had_been, condition, created, look, resource, settle};
use crate::world::Setting;

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_can_not_be_deployed_never_serves_and_the_next_one_does() {
    let world = created(Setting::default()).await.unwrap();
    let serving = resource(&world, "live")["id"].clone();
    world.deploy(b"no archive".to_vec());
    // It is tried again and again; how many looks each try takes is the cloud's
    // matter.
    look(&world, 6).await.unwrap();
    let reason = || condition(&world, "FunctionReady").1;
    for _ in 0..ENOUGH {
        if reason() != "Updating" {
            break;
        }
        look(&world, 1).await.unwrap();
    }
    assert_eq!(reason(), "OperationFailed");
    assert_eq!(
        condition(&world, "Ready").0,
        "True",
        "the one before serves"
    );
    assert_eq!(resource(&world, "live")["id"], serving);
    world.deploy(world.handler().to_vec());
    settle(&world).await.unwrap();
    // It needs a person who brings another handler.
    world.kube().forget_stalls();
    as_if_nothing_had_been(world).await.unwrap();
}
