//! The version's environment variables.

use url::Url;

use crate::log::Level;

/// Where everything is. The operator sets it on each version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `YDB_CONNECTION_STRING`: `grpc[s]://host:port/?database=/path`.
    pub connection_string: String,
    /// `YDB_DATABASE`: the database's path.
    pub database: String,
    /// `BROADCAST_TOPIC`, made absolute.
    pub topic_path: String,
    /// `YC_CONNECTIONS_ENDPOINT`: base address of the connection API.
    pub connections_endpoint: Url,
}

/// A variable that is missing or can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}; the operator sets it on each version, so deploy the version again")]
pub struct BadEnvironment {
    variable: &'static str,
    problem: &'static str,
}

impl Environment {
    /// Reads the variables with `get`.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadEnvironment> {
        let required = |variable| {
            get(variable)
                .filter(|value| !value.is_empty())
                .ok_or(BadEnvironment {
                    variable,
                    problem: "is not set",
                })
        };
        let connection_string = required("YDB_CONNECTION_STRING")?;
        // The crate `ydb` takes a host and a port for granted.
        let usable = Url::parse(&connection_string).is_ok_and(|url| {
            matches!(url.scheme(), "grpc" | "grpcs") && url.has_host() && url.port().is_some()
        });
        if !usable {
            return Err(BadEnvironment {
                variable: "YDB_CONNECTION_STRING",
                problem: "must look like grpcs://host:port/?database=/path",
            });
        }
        let database = required("YDB_DATABASE")?;
        let topic = required("BROADCAST_TOPIC")?;
        let topic_path = if topic.starts_with('/') {
            topic
        } else {
            format!("{}/{topic}", database.trim_end_matches('/'))
        };
        let connections_endpoint = Url::parse(&required("YC_CONNECTIONS_ENDPOINT")?)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or(BadEnvironment {
                variable: "YC_CONNECTIONS_ENDPOINT",
                problem: "must look like https://host:port",
            })?;
        Ok(Self {
            connection_string,
            database,
            topic_path,
            connections_endpoint,
        })
    }

    /// Reads `LOG_LEVEL` with `get`.
    pub fn log_level(get: impl Fn(&str) -> Option<String>) -> Level {
        Level::parse(&get("LOG_LEVEL").unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Environment, BadEnvironment> {
        let variables = [
            (
                "YDB_CONNECTION_STRING",
                "grpc://127.0.0.1:2136/?database=/ru/a",
            ),
            ("YDB_DATABASE", "/ru/a"),
            ("BROADCAST_TOPIC", "broadcast-topic"),
            ("YC_CONNECTIONS_ENDPOINT", "http://127.0.0.1:8480"),
        ];
        Environment::read(|name| {
            changes
                .iter()
                .chain(&variables)
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_topic_is_in_the_database() {
        let environment = read(&[]).expect("complete");
        assert_eq!(environment.topic_path, "/ru/a/broadcast-topic");
        let absolute = read(&[("BROADCAST_TOPIC", "/ru/b/t")]).expect("complete");
        assert_eq!(absolute.topic_path, "/ru/b/t");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let cases = [
            ("YDB_CONNECTION_STRING", ""),
            ("YDB_CONNECTION_STRING", "grpcs://host/?database=/a"),
            ("YDB_CONNECTION_STRING", "http://host:1/"),
            ("YDB_DATABASE", ""),
            ("BROADCAST_TOPIC", ""),
            ("YC_CONNECTIONS_ENDPOINT", "127.0.0.1:8480"),
        ];
        for (variable, value) in cases {
            let error = read(&[(variable, value)]).expect_err(value);
            assert!(error.to_string().starts_with(variable), "{error}");
        }
    }
}
