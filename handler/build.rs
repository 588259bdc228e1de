//! Tells the linker how a Node-API module is linked.

fn main() {
    napi_build::setup();
}
