//! How etcd, kube-apiserver and kube-controller-manager are called.

use std::path::Path;

use super::certificates::Certificates;
use crate::process::Launch;

/// Loopback ports of one control plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) etcd: u16,
    pub(crate) etcd_peer: u16,
    pub(crate) api_server: u16,
    pub(crate) controller_manager: u16,
}

/// A member of its own; unsynced writes, since nobody needs them after a crash.
pub(crate) fn etcd(programs: &Path, folder: &Path, ports: Ports) -> Launch {
    let client = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    Launch::new("etcd", programs.join("etcd"))
        .argument("--data-dir")
        .argument(folder.join("etcd"))
        .arguments(["--listen-client-urls", &client])
        .arguments(["--advertise-client-urls", &client])
        .arguments(["--listen-peer-urls", &peer])
        .arguments(["--initial-advertise-peer-urls", &peer])
        .arguments(["--initial-cluster", &format!("default={peer}")])
        .arguments(["--unsafe-no-fsync", "--log-level=warn"])
}

/// RBAC, tokens of `ServiceAccounts`, and the users of the token file.
pub(crate) fn api_server(
    programs: &Path,
    ports: Ports,
    certificates: &Certificates,
    tokens: &Path,
) -> Launch {
    let file = |flag: &str, path: &Path| format!("--{flag}={}", path.display());
    Launch::new("kube-apiserver", programs.join("kube-apiserver"))
        .argument(format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd))
        .argument("--bind-address=127.0.0.1")
        .argument(format!("--secure-port={}", ports.api_server))
        .argument(file("tls-cert-file", &certificates.serving_certificate))
        .argument(file("tls-private-key-file", &certificates.serving_key))
        .argument("--service-account-issuer=https://kubernetes.default.svc")
        .argument(file(
            "service-account-key-file",
            &certificates.service_account_public_key,
        ))
        .argument(file(
            "service-account-signing-key-file",
            &certificates.service_account_key,
        ))
        .argument(file("token-auth-file", tokens))
        .argument("--authorization-mode=RBAC")
        .argument("--service-cluster-ip-range=10.0.0.0/24")
}

/// Garbage collection, namespace deletion and `ServiceAccounts`.
pub(crate) fn controller_manager(
    programs: &Path,
    ports: Ports,
    certificates: &Certificates,
    kubeconfig: &Path,
) -> Launch {
    let kubeconfig = kubeconfig.display();
    Launch::new(
        "kube-controller-manager",
        programs.join("kube-controller-manager"),
    )
    .argument(format!("--kubeconfig={kubeconfig}"))
    .argument(format!("--authentication-kubeconfig={kubeconfig}"))
    .argument(format!("--authorization-kubeconfig={kubeconfig}"))
    .argument(format!(
        "--service-account-private-key-file={}",
        certificates.service_account_key.display()
    ))
    .argument(format!(
        "--root-ca-file={}",
        certificates.authority_file.display()
    ))
    .argument("--use-service-account-credentials=false")
    .argument("--leader-elect=false")
    .argument("--bind-address=127.0.0.1")
    .argument(format!("--secure-port={}", ports.controller_manager))
    .argument("--controllers=*")
}
