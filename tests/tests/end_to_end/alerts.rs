//! The chart's alerts, as Prometheus' own judge sees them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use wschat_tests::binaries::{target_folder, workspace_root};
use wschat_tests::program::{Program, find};

use crate::charts::{objects, render};
use crate::suite::{Handle, Scene};

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    let trial = suite.trial("the chart's alerts fire when they should", alerts);
    let is_here = promtool().is_some();
    if !is_here {
        eprintln!("left out: the chart's alerts; they need promtool (Debian: prometheus)");
    }
    vec![trial.with_ignored_flag(!is_here)]
}

/// As `cargo xtask tools` unpacks it, else the one in PATH.
fn promtool() -> Option<PathBuf> {
    let own = target_folder().join("tools/promtool");
    if own.is_file() {
        return Some(own);
    }
    find(&["promtool"])
}

async fn alerts(scene: Scene) -> Result<(), Failed> {
    let promtool = Program::new(promtool().ok_or("no promtool")?);
    let rendered = render(&scene, &["--set", "prometheusRule.enabled=true"]).await?;
    let rules = objects(&rendered, "PrometheusRule")?;
    let spec = &rules.first().ok_or("the chart renders no alerts")?["spec"];
    let cases = std::fs::read_to_string(workspace_root().join("tests/alerts/alerts.yaml"))?;
    let rules_file = scene.folder.join("rules.yaml").display().to_string();
    let cases_file = scene.folder.join("alerts.yaml").display().to_string();
    std::fs::write(&rules_file, serde_norway::to_string(spec)?)?;
    std::fs::write(&cases_file, &cases)?;
    promtool.run(["check", "rules", &rules_file]).await?;
    promtool.run(["test", "rules", &cases_file]).await?;
    each_is_tried_both_ways(spec, &serde_norway::from_str(&cases)?);
    each_is_on_the_page(spec)
}

/// Every alert fires in one case at least, and is silent in another.
fn each_is_tried_both_ways(spec: &Value, cases: &Value) {
    let tests = cases["tests"].as_array().into_iter().flatten();
    let checks: Vec<&Value> = tests
        .flat_map(|test| test["alert_rule_test"].as_array().into_iter().flatten())
        .collect();
    for alert in names(spec) {
        let of_it = || checks.iter().filter(|check| check["alertname"] == alert);
        let expects = |check: &&&Value| {
            let expected = check["exp_alerts"].as_array();
            expected.is_some_and(|all| !all.is_empty())
        };
        let fired = of_it().filter(expects).count();
        assert!(fired > 0, "{alert} fires in no case");
        assert!(of_it().count() > fired, "{alert} is silent in no case");
    }
}

/// Whoever is woken finds what to do.
fn each_is_on_the_page(spec: &Value) -> Result<(), Failed> {
    let page = std::fs::read_to_string(workspace_root().join("docs/metrics.md"))?;
    for alert in names(spec) {
        let row = format!("\n| `{alert}` | ");
        assert!(page.contains(&row), "docs/metrics.md lacks {alert}");
    }
    Ok(())
}

fn names(spec: &Value) -> BTreeSet<&str> {
    let groups = spec["groups"].as_array().into_iter().flatten();
    let rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    rules.filter_map(|rule| rule["alert"].as_str()).collect()
}
