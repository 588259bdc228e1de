//! Fixtures that run the real thing: a Kubernetes control plane, the emulated
//! cloud, the operator and chat sockets, each as a process that can't outlive
//! the program that started it. The end-to-end suite, the demo and the
//! benchmarks are made of these.

pub mod binaries;
pub mod browser;
pub mod chaos;
pub mod chat_socket;
pub mod cloud;
pub mod control_plane;
pub mod cost;
pub mod crowd;
pub mod crypto;
pub mod custom_resource;
pub mod emulator;
pub mod golden;
pub mod goose;
pub mod judge;
pub mod kubeconfig;
pub mod life;
pub mod measure;
pub mod namespace;
pub mod open_files;
pub mod operator;
pub mod ports;
pub mod process;
pub mod program;
pub mod run_folder;
pub mod wait;
